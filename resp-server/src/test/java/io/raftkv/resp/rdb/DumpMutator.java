package io.raftkv.resp.rdb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes payloads that are nearly right, with a right checksum, from those that are. */
public final class DumpMutator {
  private static final int MAX_CHANGES = 3;
  private static final byte[] TELLING = {0, 1, -1, 0x7f, (byte) 0x80, (byte) 0x81, (byte) 0xc3};

  private final Random random;
  private final List<byte[]> sound = new ArrayList<>();

  public DumpMutator(Random random) {
    this.random = random;
    GoldenDumps.all().forEach(dump -> sound.add(dump.payload()));
    StreamCodecTest.payloads().forEach(sound::add);
  }

  /** The next payload; its seal is right. */
  public byte[] next() {
    byte[] payload = sound.get(random.nextInt(sound.size())).clone();
    for (int changes = 1 + random.nextInt(MAX_CHANGES); changes > 0; changes--) {
      payload = changed(payload);
    }
    return Payloads.resealed(payload);
  }

  private byte[] changed(byte[] payload) {
    int body = payload.length - DumpPayload.SEAL_BYTES;
    int at = random.nextInt(body);
    switch (random.nextInt(5)) {
      case 0 -> payload[at] = (byte) random.nextInt();
      case 1 -> payload[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
      case 2 -> payload[at] = TELLING[random.nextInt(TELLING.length)];
      case 3 -> {
        byte[] longer = Arrays.copyOf(payload, payload.length + 1);
        System.arraycopy(payload, at, longer, at + 1, payload.length - at);
        longer[at] = (byte) random.nextInt();
        return longer;
      }
      default -> {
        if (body > 1) {
          byte[] shorter = Arrays.copyOf(payload, payload.length - 1);
          System.arraycopy(payload, at + 1, shorter, at, shorter.length - at);
          return shorter;
        }
      }
    }
    return payload;
  }
}
