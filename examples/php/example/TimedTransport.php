<?php

declare(strict_types=1);

namespace Example;

use Background\Answer;
use Background\Clock;
use Background\Transport;
use Psr\Http\Message\RequestInterface;

/** Tells with each call what time it is. */
final class TimedTransport implements Transport
{
    public function __construct(private readonly Transport $transport, private readonly Clock $clock)
    {
    }

    public function send(RequestInterface $request, float $timeout): Answer
    {
        $now = (string) round($this->clock->now() * 1000);
        return $this->transport->send($request->withHeader('x-conformance-time', $now), $timeout);
    }
}
