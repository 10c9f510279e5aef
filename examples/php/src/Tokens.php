<?php

declare(strict_types=1);

namespace Background;

use GuzzleHttp\Psr7\Request;

/** Gets tokens by client credentials, anew before one runs out. Each process asks for its own. */
final class Tokens implements Token
{
    private string $token = '';
    private float $until = 0;

    /**
     * @param string $tokenUrl https://connect.visma.com/connect/token for the vendor's
     * @param string $tenantId that of the company; with that of the customer a token is given, which the ERP refuses
     */
    public function __construct(
        private readonly string $tokenUrl,
        private readonly string $clientId,
        #[\SensitiveParameter] private readonly string $clientSecret,
        private readonly string $tenantId,
        private readonly string $scope,
        private readonly Transport $transport = new Curl(), // which follows no redirects: the secret goes nowhere else
    ) {
    }

    public function get(bool $renew): string
    {
        if ($renew || hrtime(true) / 1e9 >= $this->until) {
            $this->ask();
        }
        return $this->token;
    }

    private function ask(): void
    {
        $form = http_build_query([
            'grant_type' => 'client_credentials',
            'client_id' => $this->clientId,
            'client_secret' => $this->clientSecret,
            'tenant_id' => $this->tenantId,
            'scope' => $this->scope,
        ]);
        $headers = ['Content-Type' => 'application/x-www-form-urlencoded'];
        $answer = $this->transport->send(new Request('POST', $this->tokenUrl, $headers, $form), 30);
        $known = Read::fields($answer->text()) ?? [];
        $token = Read::scalar($known['access_token'] ?? null);
        if (intdiv($answer->status, 100) !== 2 || $token === '') {
            $told = ErrorText::of($answer->text())->message;
            throw new \RuntimeException("the token endpoint answered $answer->status: $told");
        }
        $seconds = Read::numbers(Read::scalar($known['expires_in'] ?? null))[0] ?? 3600;
        $this->until = hrtime(true) / 1e9 + $seconds - min(60, $seconds / 10);
        $this->token = $token;
    }
}
