package io.raftkv.resp.command.local;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Memory and processor time of this process. Reads pseudo-files and counters only, and so never
 * waits for a disk.
 *
 * @param usedBytes heap, other memory of the JVM and direct buffers; RocksDB's memory is in the
 *     resident bytes only
 * @param residentBytes what the process takes of the machine's memory; where the system does not
 *     tell, what the JVM has committed
 * @param userSeconds processor time; where the system does not tell the two apart, all of it
 */
record ProcessFigures(
    long usedBytes,
    long heapUsedBytes,
    long heapMaxBytes,
    long heapPeakBytes,
    long residentBytes,
    long systemMemoryBytes,
    double userSeconds,
    double systemSeconds) {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path STAT = Path.of("/proc/self/stat");
  private static final String RESIDENT = "VmRSS:";
  private static final int KIBIBYTE = 1024;

  /** The unit of times in {@code /proc/self/stat}, the same on every Linux. */
  private static final double TICKS_PER_SECOND = 100;

  /** Places of the times behind the program's name, the second field. */
  private static final int USER_TICKS = 11;

  private static final int SYSTEM_TICKS = 12;

  static ProcessFigures now() {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    MemoryUsage heap = memory.getHeapMemoryUsage();
    MemoryUsage other = memory.getNonHeapMemoryUsage();
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    double allSeconds = system.getProcessCpuTime() / (double) TimeUnit.SECONDS.toNanos(1);
    double[] seconds = userAndSystemSeconds().orElse(new double[] {allSeconds, 0});
    long committed = heap.getCommitted() + other.getCommitted() + direct;
    return new ProcessFigures(
        heap.getUsed() + other.getUsed() + direct,
        heap.getUsed(),
        heap.getMax(),
        heapPeak(),
        resident().orElse(committed),
        system.getTotalMemorySize(),
        seconds[0],
        seconds[1]);
  }

  private static long heapPeak() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getPeakUsage)
        .mapToLong(MemoryUsage::getUsed)
        .sum();
  }

  private static Optional<Long> resident() {
    return read(STATUS)
        .flatMap(text -> text.lines().filter(line -> line.startsWith(RESIDENT)).findFirst())
        .map(line -> line.substring(RESIDENT.length()).replace("kB", "").strip())
        .map(digits -> Long.parseLong(digits) * KIBIBYTE);
  }

  private static Optional<double[]> userAndSystemSeconds() {
    return read(STAT)
        .map(text -> text.substring(text.lastIndexOf(')') + 2).split(" ", -1))
        .map(
            fields ->
                new double[] {
                  Long.parseLong(fields[USER_TICKS]) / TICKS_PER_SECOND,
                  Long.parseLong(fields[SYSTEM_TICKS]) / TICKS_PER_SECOND
                });
  }

  /** Empty where there is no such file: on systems other than Linux. */
  private static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file, StandardCharsets.ISO_8859_1));
    } catch (IOException absent) {
      return Optional.empty();
    }
  }
}
