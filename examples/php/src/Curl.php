<?php

declare(strict_types=1);

namespace Background;

use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Exception\RequestException;
use GuzzleHttp\Handler\CurlHandler;
use GuzzleHttp\Psr7\Utils;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * Guzzle's handler for curl, without the middleware that follows redirects, throws at answers or sends again. A PSR-18
 * client does not do: its NetworkExceptionInterface is thrown for "no connection" and for "no answer" alike.
 */
final class Curl implements Transport
{
    private const LARGEST = 64 << 20; // bytes of a body

    /** Errors of curl that come before anything of a request is sent. */
    private const BEFORE = [
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
        CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT, CURLE_SSL_CACERT_BADFILE,
    ];

    private readonly CurlHandler $curl;

    public function __construct()
    {
        $this->curl = new CurlHandler();
    }

    public function send(RequestInterface $request, float $timeout): Answer
    {
        $head = null;
        $body = Utils::streamFor(fopen('php://temp', 'w+'));
        $options = [
            'timeout' => $timeout,
            'sink' => $body,
            'on_headers' => function (ResponseInterface $response) use (&$head): void {
                $head = $response;
            },
            'progress' => function (int $total, int $received): void {
                if ($received > self::LARGEST) {
                    throw new \LengthException('the body is too large');
                }
            },
            // On a connection that it has used before, curl sends even a POST again if that was closed meanwhile.
            'curl' => [CURLOPT_FRESH_CONNECT => $request->getMethod() !== 'GET'],
            '_curl_retries' => 2, // so that Guzzle, which tries three times, does not
        ];
        try {
            ($this->curl)($request, $options)->wait();
            return new Answer($head->getStatusCode(), $head, (string) $body);
        } catch (\Exception $e) {
            if ($head) {
                return new Answer($head->getStatusCode(), $head, (string) $body, true);
            }
            $told = $e instanceof ConnectException || $e instanceof RequestException ? $e->getHandlerContext() : [];
            $error = $told['errno'] ?? null;
            $early = $error === CURLE_OPERATION_TIMEDOUT && ($told['pretransfer_time'] ?? 1) == 0;
            if ($early || in_array($error, self::BEFORE, true)) {
                throw new NotSent("no connection: {$e->getMessage()}", previous: $e);
            }
            throw new NoAnswer("no answer: {$e->getMessage()}", previous: $e);
        }
    }
}
