<?php

declare(strict_types=1);

namespace Background;

/** The call ended, and well: with "Finished" and a 2xx, or at once with a 2xx. */
final readonly class Succeeded implements Submitted, Ended
{
    /** @param array<string, list<string>> $headers their names in lower case; the
     *     location of what was created ends in its number */
    public function __construct(
        public int $statusCode,
        public array $headers = [],
        public ?Content $content = null,
        /** Why there is no content, although the state told of some. */
        public string $message = '',
    ) {
    }
}
