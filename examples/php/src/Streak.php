<?php

declare(strict_types=1);

namespace Background;

/** How often, and for how long, polls in a row have said the same. */
final class Streak
{
    private float $since = 0;
    private int $count = 0;

    public function __construct(private readonly Clock $clock)
    {
    }

    /** Counts a poll; one that says something else ends the streak. Tells whether it goes on. */
    public function goesOn(bool $same): bool
    {
        if ($same && $this->count === 0) {
            $this->since = $this->clock->now();
        }
        $this->count = $same ? $this->count + 1 : 0;
        return $same;
    }

    public function count(): int
    {
        return $this->count;
    }

    public function lasts(): float
    {
        return $this->count > 0 ? $this->clock->now() - $this->since : 0;
    }
}
