package background;

import background.Outcome.Submitted;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What became of each submit, by its key. A table of your database does as well as what is here.
 */
public interface Journal {
  Optional<Submitted> get(String key);

  /** Returns once it cannot get lost. */
  void put(String key, Submitted submitted) throws IOException;

  /** One that forgets everything with the process. */
  static Journal inMemory() {
    Map<String, Submitted> known = new ConcurrentHashMap<>();
    return new Journal() {
      @Override
      public Optional<Submitted> get(String key) {
        return Optional.ofNullable(known.get(key));
      }

      @Override
      public void put(String key, Submitted submitted) {
        known.put(key, submitted);
      }
    };
  }
}
