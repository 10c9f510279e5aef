<?php

declare(strict_types=1);

namespace Background;

use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Uri;
use GuzzleHttp\Psr7\UriResolver;
use Psr\Http\Message\RequestInterface;

/**
 * Makes calls to the ERP, each of them once. The token goes to the base URL only, redirects are not followed by
 * themselves, and when the ERP asks for a pause, all calls keep it.
 */
final class Calls
{
    private float $pausedUntil = 0;

    public function __construct(
        private readonly string $baseUrl,
        private readonly ?Token $token,
        private readonly float $timeout,
        private readonly Clock $clock,
        private readonly Transport $transport,
    ) {
    }

    /**
     * Sends a request and returns its answer, whatever that is. A 401 has it sent once more with a new token: the ERP
     * took nothing.
     *
     * @throws NotSent if certainly nothing left
     * @throws NoAnswer if no answer came
     * @throws NotEnded if the ERP asked for a pause that is longer than the deadline allows
     */
    public function send(RequestInterface $request, float $deadline): Answer
    {
        if (!str_starts_with("{$request->getUri()}/", "$this->baseUrl/")) {
            throw new NotSent("{$request->getUri()} is not below $this->baseUrl");
        }
        for ($renew = false;; $renew = true) {
            while ($this->clock->now() < $this->pausedUntil) {
                $this->sleep($this->pausedUntil - $this->clock->now(), fn (): bool => false, $deadline);
            }
            $answer = $this->transport->send($this->authorized($request, $renew), $this->timeout);
            $this->remember($answer);
            if ($answer->status !== 401 || $renew || !$this->token) {
                return $answer;
            }
        }
    }

    /** Reads a path; redirects are followed as long as they stay below the root. Null if no answer came. */
    public function get(string $path, float $deadline): ?Answer
    {
        $uri = new Uri($this->baseUrl . $path);
        try {
            for ($hops = 0;; $hops++) {
                $answer = $this->send(new Request('GET', $uri), $deadline);
                $redirect = $answer->status >= 300 && $answer->status < 400;
                $location = $redirect ? $answer->header('Location') : '';
                if ($location === '' || $hops === 5) {
                    return $answer;
                }
                $uri = UriResolver::resolve($uri, new Uri($location));
            }
        } catch (NotSent | NoAnswer | \InvalidArgumentException) {
            return null;
        }
    }

    /**
     * Waits, at most until the deadline.
     *
     * @param callable(): bool $woken ends the wait
     */
    public function sleep(float $seconds, callable $woken, float $deadline): void
    {
        $rest = $deadline - $this->clock->now();
        $this->clock->sleep(max(0, min($seconds, $rest)), $woken);
        if ($rest <= $seconds && !$woken()) {
            throw new NotEnded('it has not ended yet');
        }
    }

    private function authorized(RequestInterface $request, bool $renew): RequestInterface
    {
        if (!$this->token) {
            return $request;
        }
        try {
            return $request->withHeader('Authorization', 'Bearer ' . $this->token->get($renew));
        } catch (\Exception $e) {
            throw new NotSent("no access token: {$e->getMessage()}", previous: $e);
        }
    }

    /** Remembers for how long the ERP wants no calls. */
    private function remember(Answer $answer): void
    {
        $now = $this->clock->now();
        $pause = match ($answer->status) {
            429 => Read::retryAfter($answer, $now) ?? Read::limitReset($answer, $now) ?? 60,
            503 => Read::retryAfter($answer, $now) ?? 0,
            default => 0,
        };
        $this->pausedUntil = max($this->pausedUntil, $now + $pause);
    }
}
