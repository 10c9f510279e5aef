<?php

declare(strict_types=1);

namespace Background;

use Psr\Http\Message\RequestInterface;

/** Sends a request once, and follows no redirect. */
interface Transport
{
    /**
     * Returns the answer, whatever it is, with as much of its body as came in time.
     *
     * @throws NotSent if certainly nothing left
     * @throws NoAnswer if no answer came
     */
    public function send(RequestInterface $request, float $timeout): Answer;
}
