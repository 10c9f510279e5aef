<?php

declare(strict_types=1);

namespace Background;

/** Where notifications are received: verified, stored, and only then acknowledged. */
final readonly class Hook
{
    private const LARGEST = 1 << 20; // bytes of a notification

    /**
     * @param callable(string, string): void $store takes the id (empty if none was found) and the body of a
     *     notification, which may come many times; returns once it cannot get lost, and throws if it may be
     * @param list<string>|null $keys those of the subscription, the newest first; null in URL mode, where nothing is
     *     signed and the path has to hold a secret
     */
    public function __construct(private mixed $store, private ?array $keys = null)
    {
    }

    /**
     * Takes the body as it came and the header x-vwd-signature-v1, and returns the status to answer with. What gets a
     * 2xx never comes again, anything else does.
     */
    public function receive(string $body, string $signature): int
    {
        if ($this->keys !== null && Notification::signedBy($this->keys, $body, $signature) < 0) {
            return 401;
        }
        $text = Read::text($body);
        try {
            ($this->store)(Notification::of($text)->id ?? '', $text);
        } catch (\Exception $e) {
            error_log("a notification could not be stored, and comes again: {$e->getMessage()}");
            return 503;
        }
        return 202;
    }

    /** Answers the request that this script serves. In a framework call receive. */
    public function serve(): void
    {
        http_response_code(match (true) {
            $_SERVER['REQUEST_METHOD'] !== 'POST' => 405,
            (int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > self::LARGEST => 413,
            default => $this->receiveInput(),
        });
    }

    private function receiveInput(): int
    {
        $body = (string) file_get_contents('php://input', length: self::LARGEST + 1);
        if (strlen($body) > self::LARGEST) {
            return 413;
        }
        $length = $_SERVER['CONTENT_LENGTH'] ?? strlen($body);
        return strlen($body) === (int) $length
            ? $this->receive($body, $_SERVER['HTTP_X_VWD_SIGNATURE_V1'] ?? '')
            : 400; // the sender broke off
    }
}
