<?php

declare(strict_types=1);

namespace Background;

/** The values of the header erp-api-background: who is told of the end. */
final class Notify
{
    private const RESERVED = '/^(x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade'
        . '|keep-alive|proxy-.*)$/iD';

    /** Nobody. */
    public const NONE = 'none';

    /** Has a notification posted to an address. Keep a secret part in its path. */
    public static function url(string $address): string
    {
        $url = preg_match('/^[!-~]+$/D', $address) ? parse_url($address) : false;
        $host = strtolower($url['host'] ?? '');
        $here = in_array($host, ['127.0.0.1', '[::1]', 'localhost'], true);
        $scheme = strtolower($url['scheme'] ?? '');
        if ($host === '' || isset($url['user']) || !($scheme === 'https' || ($scheme === 'http' && $here))) {
            throw new \InvalidArgumentException(
                'the address of a webhook: want https://, without a user and without blanks'
            );
        }
        return $address;
    }

    /**
     * Has the subscription of the application notified. Each pair comes back as a header of the notification, unsigned:
     * it may help to find your order, and proves nothing.
     *
     * @param list<array{string, string}> $pairs
     */
    public static function subscription(array $pairs = []): string
    {
        $names = [];
        foreach ($pairs as [$name, $value]) {
            $known = isset($names[strtolower($name)]);
            if (!preg_match('/^[a-zA-Z0-9-]+$/D', $name) || preg_match(self::RESERVED, $name) || $known) {
                throw new \InvalidArgumentException(
                    "the pair $name of a subscription: want names of letters, digits and dashes, each once, "
                    . 'and none that HTTP or the sender uses'
                );
            }
            if (!preg_match('/^[!-~]([ -~]*[!-~])?$/D', $value) || str_contains($value, ',')) {
                throw new \InvalidArgumentException(
                    "the pair $name of a subscription: want a value of visible ASCII without commas"
                );
            }
            $names[strtolower($name)] = "$name=$value";
        }
        return 'subscription' . ($names ? ':' . implode(',', $names) : '');
    }
}
