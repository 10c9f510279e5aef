package background;

import background.Outcome.Submitted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Keeps the journal in a file. A submit is on the disk before it is sent; what was being sent when
 * the process ended is found there as uncertain.
 */
public final class FileJournal implements Journal, AutoCloseable {
  private record Entry(String key, Submitted submitted) {}

  private final JsonLines<Entry> file;
  private final Journal known = Journal.inMemory();

  public FileJournal(Path path) throws IOException {
    file = new JsonLines<>(path, Entry.class);
    for (var entry : file.read()) {
      known.put(entry.key(), entry.submitted());
    }
  }

  @Override
  public Optional<Submitted> get(String key) {
    return known.get(key);
  }

  @Override
  public void put(String key, Submitted submitted) throws IOException {
    file.add(new Entry(key, submitted));
    known.put(key, submitted);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
