package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.put;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetainedViewTest {
  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();
  private ShardStore store;

  @BeforeEach
  void open() {
    store = ShardStore.open(directory, environment);
    put(store, 0, Family.DATA, "row", "old");
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private static String row(RetainedView view) {
    return view.use(rows -> text(rows.get(Family.DATA, bytes("row"))));
  }

  @Test
  void staysAtItsMoment() {
    try (RetainedView view = store.tryRetain()) {
      assertThat(row(view)).isEqualTo("old");
      put(store, 1, Family.DATA, "row", "new");
      store.flush();
      assertThat(row(view)).isEqualTo("old");
      assertThat(store.retainedViews()).isOne();
    }
    assertThat(store.retainedViews()).isZero();
    assertThat(TestStores.get(store, Family.DATA, "row")).isEqualTo("new");
  }

  @Test
  void doesNotKeepAStoreFromBeingClosed() {
    RetainedView view = store.tryRetain();
    store.close();
    assertThatThrownBy(() -> row(view)).isInstanceOf(ViewTakenBackException.class);
    assertThat(store.retainedViews()).isZero();
    view.close(); // once more, as its owner does
    assertThatThrownBy(() -> store.tryRetain()).isInstanceOf(StorageException.class);
  }

  @Test
  void onlySoManyAreGivenAtOneTime() {
    List<RetainedView> views = new ArrayList<>();
    for (int i = 0; i < ShardStore.MAX_RETAINED_VIEWS; i++) {
      views.add(store.tryRetain());
    }
    assertThat(views).doesNotContainNull();
    assertThat(store.tryRetain()).isNull();
    views.get(0).close();
    views.get(0).close(); // makes room for one, however often
    RetainedView again = store.tryRetain();
    assertThat(row(again)).isEqualTo("old");
    assertThat(store.tryRetain()).isNull();
    assertThat(store.properties())
        .containsEntry("retained_views", (long) ShardStore.MAX_RETAINED_VIEWS);
  }

  @Test
  void storeWaitsForAUseThatIsUnderWay() throws InterruptedException {
    RetainedView view = store.tryRetain();
    CountDownLatch inUse = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    String[] read = new String[1];
    Thread reader =
        new Thread(
            () ->
                read[0] =
                    view.use(
                        rows -> {
                          inUse.countDown();
                          awaitQuietly(goOn);
                          return text(rows.get(Family.DATA, bytes("row")));
                        }));
    reader.start();
    inUse.await();
    Thread closer = new Thread(store::close);
    closer.start();
    closer.join(Duration.ofMillis(100).toMillis());
    assertThat(closer.isAlive()).isTrue();
    goOn.countDown();
    reader.join();
    closer.join();
    assertThat(read[0]).isEqualTo("old");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
