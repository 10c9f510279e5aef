<?php

declare(strict_types=1);

namespace Background;

use Psr\Http\Message\RequestInterface;

/** Submits calls that are to run in the background, and awaits their outcomes. */
final class Background
{
    private const TEN_MINUTES = 600;
    private const DAY = 86400;

    private readonly Calls $calls;

    /**
     * @param string $baseUrl such as https://api.finance.visma.net
     * @param Journal $journal where submits are written down before they are sent
     * @param Inbox|null $inbox where notifications are looked for, which end a pause between two polls
     * @param float $timeout after so many seconds a single call has failed
     */
    public function __construct(
        string $baseUrl,
        private readonly Journal $journal,
        ?Token $token = null,
        private readonly ?Inbox $inbox = null,
        private readonly Poll $poll = new Poll(),
        float $timeout = 60,
        private readonly Clock $clock = new RealClock(),
        Transport $transport = new Curl(),
    ) {
        if (!parse_url($baseUrl, PHP_URL_SCHEME) || !parse_url($baseUrl, PHP_URL_HOST)) {
            throw new \InvalidArgumentException("baseUrl: want https://host/path, not $baseUrl");
        }
        $this->baseUrl = rtrim($baseUrl, '/');
        $this->calls = new Calls($this->baseUrl, $token, $timeout, $clock, $transport);
    }

    private readonly string $baseUrl;

    /**
     * Makes a call in the background, and tells what became of it as soon as that is known.
     *
     *     $background->submit('order-4711', $api->createCustomerInvoiceRequest('none', $invoice));
     *
     * The request is what generated code makes of its arguments, with the header erp-api-background. It is sent once;
     * again only after an answer that says it was not taken (401, 429). Two submits of one key are the same work,
     * unless the first was refused: the second sends nothing and is told what became of it, and while another process
     * is still sending, that this is uncertain.
     *
     * @throws \PDOException if the journal cannot be written
     */
    public function submit(string $key, RequestInterface $request): Submitted
    {
        if (!$request->hasHeader('erp-api-background')) {
            throw new \InvalidArgumentException(
                'submit: the request has no header erp-api-background, and would run at once'
            );
        }
        $known = $this->journal->begin($key);
        if ($known) {
            return $known;
        }
        $submitted = $this->send($request);
        try {
            $this->journal->put($key, $submitted);
        } catch (\Exception $e) {
            $told = json_encode($submitted);
            throw new \RuntimeException("it was not written down what became of $key: $told", previous: $e);
        }
        return $submitted;
    }

    private function send(RequestInterface $request): Submitted
    {
        $action = str_contains(strtolower($request->getUri()->getPath()), '/action/');
        try {
            do {
                $answer = $this->calls->send($request, INF);
                $judgement = Judgement::of($answer);
            } while ($judgement->outcome === Judgement::LIMITED); // all calls keep the pause that it asked for
        } catch (NotSent $e) {
            return new Refused($e->getMessage());
        } catch (NoAnswer $e) {
            return new Uncertain($e->getMessage());
        }
        switch ($judgement->outcome) {
            case Judgement::ACCEPTED:
                $now = $this->clock->now();
                $pollFrom = $now + (Read::retryAfter($answer, $now) ?? 0);
                return new Accepted(new Operation($judgement->id, $now, $action, $pollFrom));
            case Judgement::FOREGROUND:
                return $this->answered($action, $answer->status, $answer->named(), $answer->content());
            case Judgement::UNCERTAIN:
                return new Uncertain($judgement->why);
            default:
                return new Refused(ErrorText::of($answer->text())->message, $answer->status);
        }
    }

    /**
     * Waits until an operation has ended. Whatever polls are answered, only its state ends the wait, or that there has
     * been none for long.
     *
     * @throws NotEnded if it takes longer than so many seconds; a call that is under way then is waited for
     */
    public function await(Operation $operation, float $seconds): Ended
    {
        $deadline = $this->clock->now() + $seconds;
        [$missing, $refused, $unclear] = [new Streak($this->clock), new Streak($this->clock), new Streak($this->clock)];
        $plan = new Plan($this->poll);
        $pollFrom = $operation->pollFrom;
        for ($told = 0;;) {
            if ($this->pause($operation->id, max($plan->next(), $pollFrom - $this->clock->now()), $deadline, $told)) {
                $plan->reset();
            }
            $answer = $this->calls->get("/v1/background/$operation->id", $deadline);
            if (!$answer) {
                continue;
            }
            $now = $this->clock->now();
            $status = $answer->status;
            $pollFrom = $now + (Read::retryAfter($answer, $now) ?? 0);
            $state = $status === 200 ? State::parse($answer->text()) : null;
            if ($state && $state->id !== null && $state->id !== $operation->id) {
                $state = null; // another one's
            }
            if ($state?->verdict === Verdict::Succeeded || $state?->verdict === Verdict::Failed) {
                return $this->outcome($operation, $state, $deadline);
            }
            $missing->goesOn($status === 404 || $status === 410);
            $lost = $missing->count() > 2 && $missing->lasts() > self::TEN_MINUTES;
            if ($lost && $now - $operation->acceptedAt >= self::DAY) {
                return new Expired("answered $status: its outcome is no longer known");
            }
            if ($refused->goesOn(self::isRefusal($status)) && $refused->lasts() > self::TEN_MINUTES) {
                return new Unreadable($status, ErrorText::of($answer->text())->message);
            }
            $odd = $state?->verdict === Verdict::Unclear;
            if ($unclear->goesOn($odd) && $unclear->lasts() > self::TEN_MINUTES) {
                return new Unclear($state->statusCode, "it ended as $state->status");
            }
        }
    }

    private function outcome(Operation $operation, State $end, float $deadline): Ended
    {
        [$content, $note] = $end->hasContent ? $this->content($operation->id, $end, $deadline) : [null, ''];
        if ($end->verdict === Verdict::Succeeded) {
            return $this->answered($operation->action, $end->statusCode, $end->headers, $content, $note);
        }
        $message = $content ? ErrorText::of($content->text())->message : $note;
        return new Failed($end->statusCode, $end->headers, $content, $end->errorMessage ?: $message);
    }

    /**
     * Reads the stored answer until it is whole; not for ever, because how the call ended is known.
     *
     * @return array{?Content, string} the content, or why there is none
     */
    private function content(string $id, State $end, float $deadline): array
    {
        $failing = new Streak($this->clock);
        $plan = new Plan($this->poll);
        $type = implode(',', $end->headers['content-type'] ?? []);
        $pagesToo = $end->statusCode >= 400 || stripos($type, 'html') !== false;
        for ($told = 0; $failing->lasts() < self::TEN_MINUTES;) {
            $answer = $this->calls->get("/v1/background/$id/content", $deadline);
            if ($answer?->status === 410) {
                return [null, 'its content is gone'];
            }
            if ($answer?->status === 200) {
                $body = $answer->text();
                $whole = Judgement::notWhole($answer, $body) === null;
                if ($whole && ($pagesToo || !Judgement::isPage($answer, $body))) {
                    return [$answer->content(), ''];
                }
            }
            $failing->goesOn(true);
            $asked = $answer ? Read::retryAfter($answer, $this->clock->now()) ?? 0 : 0;
            $this->pause($id, max($plan->next(), $asked), $deadline, $told);
        }
        return [null, 'its content could not be read, although its state tells of some'];
    }

    /**
     * What a 2xx means: success, unless an action's body says that it failed.
     *
     * @param array<string, list<string>> $headers
     */
    private function answered(
        bool $action,
        int $status,
        array $headers,
        ?Content $content,
        string $note = '',
    ): Succeeded|Failed {
        $body = $action && $content ? Read::fields($content->text()) ?? [] : [];
        if (strtolower(Read::scalar($body['actionresult'] ?? null)) === 'failed') {
            return new Failed($status, $headers, $content, Read::scalar($body['errorinfo'] ?? null));
        }
        return new Succeeded($status, $headers, $content, $note);
    }

    /** Waits, and tells whether a notification cut it short: more of them than were $told of before. */
    private function pause(string $id, float $seconds, float $deadline, int &$told): bool
    {
        $before = $told;
        $woken = function () use ($id, $before, &$told): bool {
            $told = $this->inbox?->count($id) ?? 0;
            return $told > $before;
        };
        $this->calls->sleep($seconds, $woken, $deadline);
        return $told > $before;
    }

    /** Whether a poll was answered with something that no repetition changes. */
    private static function isRefusal(int $status): bool
    {
        return $status >= 300 && $status < 500 && !in_array($status, [404, 408, 409, 410, 425, 429], true);
    }
}
