<?php

declare(strict_types=1);

namespace Background;

/** It ended in a way that nobody knows: look. */
final readonly class Unclear implements Ended
{
    public function __construct(public int $statusCode, public string $message)
    {
    }
}
