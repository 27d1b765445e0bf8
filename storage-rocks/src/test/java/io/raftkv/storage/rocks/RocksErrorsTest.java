package io.raftkv.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.StorageException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

class RocksErrorsTest {
  private static final Path DIRECTORY = Path.of("store");

  private static StorageException translated(Status.Code code, Status.SubCode subCode) {
    return RocksErrors.translate(
        DIRECTORY, "write to", new RocksDBException("text", new Status(code, subCode, "text")));
  }

  @Test
  void fullDiskIsToldFromOtherFaults() {
    assertThat(translated(Status.Code.IOError, Status.SubCode.NoSpace))
        .isInstanceOf(OutOfSpaceException.class)
        .hasMessage("cannot write to store store: text");
    assertThat(translated(Status.Code.IOError, Status.SubCode.None))
        .isExactlyInstanceOf(StorageException.class);
    assertThat(translated(Status.Code.Corruption, Status.SubCode.None))
        .isInstanceOf(CorruptStoreException.class);
  }
}
