package background;

/** Where access tokens come from. */
@FunctionalInterface
public interface Token {
  /**
   * Returns an access token.
   *
   * @param renew asks for a new one, because the last was refused
   */
  String get(boolean renew) throws Exception;
}
