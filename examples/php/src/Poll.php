<?php

declare(strict_types=1);

namespace Background;

/** The pauses between polls in seconds: $first, then each time $factor longer, at most $longest. */
final readonly class Poll
{
    public function __construct(public float $first = 2, public float $factor = 1.5, public float $longest = 60)
    {
    }
}
