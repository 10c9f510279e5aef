package background;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A file with a line of JSON for each of its entries; one process at a time has it open. */
final class JsonLines<T> implements AutoCloseable {
  private final Path path;
  private final Class<T> type;
  private final FileChannel file;

  JsonLines(Path path, Class<T> type) throws IOException {
    this.path = path;
    this.type = type;
    file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    FileLock lock = null;
    try {
      lock = file.tryLock();
    } catch (OverlappingFileLockException e) {
      // in this process
    }
    if (lock == null) {
      file.close();
      throw new IOException(path + " is open already: one process at a time may have it open");
    }
  }

  /** The entries of the file. A line that a crash cut off is none: it was told to nobody. */
  List<T> read() throws IOException {
    var entries = new ArrayList<T>();
    for (var line : Files.readString(path).split("\n")) {
      try {
        if (!line.isEmpty()) {
          entries.add(Json.MAPPER.readValue(line, type));
        }
      } catch (JsonProcessingException e) {
        continue;
      }
    }
    return entries;
  }

  /** Adds an entry, and returns once it is on the disk. */
  synchronized void add(T entry) throws IOException {
    var line = ByteBuffer.wrap(("\n" + Json.MAPPER.writeValueAsString(entry)).getBytes("UTF-8"));
    while (line.hasRemaining()) {
      file.write(line);
    }
    file.force(false);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
