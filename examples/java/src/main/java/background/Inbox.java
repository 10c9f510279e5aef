package background;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Keeps notifications in a file, on the disk before they are acknowledged. */
public final class Inbox implements AutoCloseable {
  /**
   * A notification.
   *
   * @param id of its operation, empty if none was found
   */
  public record Entry(String id, String body) {
    private String what() {
      return id.isEmpty() ? body : id;
    }
  }

  private final JsonLines<Entry> file;
  private final Set<String> stored = new HashSet<>();

  public Inbox(Path path) throws IOException {
    file = new JsonLines<>(path, Entry.class);
    file.read().forEach(entry -> stored.add(entry.what()));
  }

  /** Stores a notification; another one for the same operation changes nothing. */
  public synchronized void store(String id, String body) throws IOException {
    var entry = new Entry(id, body);
    if (!stored.contains(entry.what())) {
      file.add(entry);
      stored.add(entry.what());
    }
  }

  /** What is stored, read from the file. */
  public List<Entry> list() throws IOException {
    return file.read();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
