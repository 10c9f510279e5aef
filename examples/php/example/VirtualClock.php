<?php

declare(strict_types=1);

namespace Example;

use Background\Clock;

/** Time that moves only when somebody waits, and at once. */
final class VirtualClock implements Clock
{
    public function __construct(private float $now)
    {
    }

    public function now(): float
    {
        return $this->now;
    }

    public function sleep(float $seconds, callable $woken): void
    {
        if (!$woken()) {
            $this->now += $seconds;
        }
    }
}
