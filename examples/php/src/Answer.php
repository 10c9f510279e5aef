<?php

declare(strict_types=1);

namespace Background;

use Psr\Http\Message\MessageInterface;

/** An answer as it came. */
final readonly class Answer
{
    public function __construct(
        public int $status,
        public MessageInterface $headers,
        public string $body,
        /** The body ended before its end; what there is of it may still name an id. */
        public bool $broken = false,
    ) {
    }

    public function header(string $name): string
    {
        return $this->headers->getHeader($name)[0] ?? '';
    }

    public function text(): string
    {
        return Read::text($this->body, $this->header('Content-Type'));
    }

    public function content(): ?Content
    {
        return $this->body === '' ? null : new Content($this->header('Content-Type'), $this->body);
    }

    /** @return array<string, list<string>> the headers, their names in lower case */
    public function named(): array
    {
        return array_change_key_case($this->headers->getHeaders());
    }
}
