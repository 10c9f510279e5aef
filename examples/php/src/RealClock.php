<?php

declare(strict_types=1);

namespace Background;

final class RealClock implements Clock
{
    private const LOOK = 0.1;

    public function now(): float
    {
        return microtime(true);
    }

    public function sleep(float $seconds, callable $woken): void
    {
        for ($end = hrtime(true) + $seconds * 1e9; !$woken();) {
            $rest = ($end - hrtime(true)) / 1e9;
            if ($rest <= 0) {
                return;
            }
            usleep((int) (min($rest, self::LOOK) * 1e6));
        }
    }
}
