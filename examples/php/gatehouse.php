<?php
/**
 * A client of Gatehouse in one file: screen a file, publish it only with a receipt. PHP 8.1 with curl. What went wrong is in PHP's error log.
 *
 *   $gatehouse = new Gatehouse(getenv('GATEHOUSE_URL'), getenv('GATEHOUSE_KEY'));   // rights: scan, receipts:verify
 *   $answer = $gatehouse->screen($path);
 *   if ($answer->receipt !== null) publish($path, $answer->receipt); else show($answer->message);
 */
declare(strict_types=1);

final class Screened
{
    public function __construct(
        /** Null: do not publish. */
        public readonly ?string $receipt,
        /** May be shown to whoever sent the file. */
        public readonly string $message,
        /** Nothing could be decided; the same file may be sent again later. */
        public readonly bool $mayTryAgain,
        public readonly string $sha256,
    ) {
    }
}

final class Gatehouse
{
    private const TIMEOUT_S = 90;
    private const LATER = 'This file cannot be checked at the moment. Please try again later.';

    /** @param bool $acceptsStub for tests: a Gatehouse in stub mode says what a test wants to hear, and is not believed otherwise */
    public function __construct(private readonly string $url, private readonly string $key, private readonly bool $acceptsStub = false)
    {
    }

    /** Never throws: whatever goes wrong, there is no receipt. */
    public function screen(string $path): Screened
    {
        $sha256 = (string) hash_file('sha256', $path);
        $file = fopen($path, 'rb');
        if ($file === false) {
            return new Screened(null, self::LATER, true, $sha256);
        }
        [$status, $answer] = $this->call('/v1/scan', [
            CURLOPT_PUT => true,
            CURLOPT_CUSTOMREQUEST => 'POST',
            CURLOPT_INFILE => $file,
            CURLOPT_INFILESIZE => filesize($path),
        ], [
            'Content-Type: application/octet-stream',
            // What arrives there must be what was read here.
            'Content-Digest: sha-256=:' . base64_encode((string) hex2bin($sha256)) . ':',
        ]);
        fclose($file);
        $receipt = $answer['receipt'] ?? null;
        if (is_string($receipt) && $this->isValid($receipt, $sha256, (int) filesize($path))) {
            return new Screened($receipt, (string) ($answer['message'] ?? ''), false, $sha256);
        }
        $isDecided = in_array($answer['verdict'] ?? null, ['match', 'unscannable'], true) || $status === 413;
        if (!$isDecided) {
            // For the operator; the sender is told nothing of it.
            error_log("Gatehouse gave no answer that counts (status $status)" . (isset($answer['code']) ? ", {$answer['code']}" : ''));
        }
        $message = $isDecided ? ($answer['message'] ?? 'This file could not be published.') : self::LATER;
        return new Screened(null, (string) $message, !$isDecided, $sha256);
    }

    /** Asks whether the receipt is in force for exactly these bytes. */
    public function isValid(string $receipt, string $sha256, int $size): bool
    {
        [$status, $answer] = $this->call(
            '/v1/receipts/verify',
            [CURLOPT_POSTFIELDS => json_encode(['receipt' => $receipt, 'sha256' => $sha256, 'size' => $size])],
            ['Content-Type: application/json'],
        );
        return $status === 200 && ($answer['valid'] ?? false) === true && ($answer['isContentChecked'] ?? false) === true;
    }

    /** @return array{int, array<string, mixed>} the status (0: no answer) and the body */
    private function call(string $path, array $options, array $headers): array
    {
        $curl = curl_init(rtrim($this->url, '/') . $path);
        $isStub = false;
        curl_setopt_array($curl, $options + [
            CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$isStub): int {
                $isStub = $isStub || stripos($line, 'Gatehouse-Stub:') === 0;
                return strlen($line);
            },
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_CONNECTTIMEOUT => 5,
            CURLOPT_TIMEOUT => self::TIMEOUT_S,
            CURLOPT_PROXY => '',
            CURLOPT_HTTPHEADER => [...$headers, 'Authorization: Bearer ' . $this->key],
        ]);
        $body = curl_exec($curl);
        $status = (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $answer = is_string($body) ? json_decode($body, true) : null;
        if ($isStub && !$this->acceptsStub) {
            error_log('Gatehouse is in stub mode, for tests only: its answer does not count');
            return [0, []];
        }
        // The status counts without a body of ours: a proxy in between says 413 in its own words.
        return [$status, is_array($answer) ? $answer : []];
    }
}
