<?php
/**
 * Plugin Name: Gatehouse
 * Description: Asks Gatehouse about every file before WordPress keeps it. What is not cleared is not kept.
 * Version: 0.1.0
 * Requires PHP: 7.4
 *
 * In wp-config.php:
 *   define('GATEHOUSE_URL', 'http://127.0.0.1:8080');
 *   define('GATEHOUSE_KEY', 'gh_…');            // right: scan
 *   define('GATEHOUSE_TIMEOUT_S', 65);          // optional; longer than GATEHOUSE_PASS_DEADLINE_MS
 *   define('GATEHOUSE_ACCEPTS_STUB', true);     // for tests only: answers of a Gatehouse in stub mode count
 */
declare(strict_types=1);

if (!function_exists('add_filter')) {
    exit;
}

/**
 * One element of $_FILES, as WordPress hands it to both filters. A text in `error` makes WordPress drop the file and show the text.
 *
 * @param array $file
 * @return array
 */
function gatehouse_check_upload($file)
{
    // Refused already, by another filter or by PHP: what WordPress itself takes for that (`_wp_handle_upload`), and nothing that merely looks like it.
    $error = $file['error'] ?? 0;
    if (is_numeric($error) ? $error > 0 : !empty($error)) {
        return $file;
    }
    $refusal = gatehouse_refuse(fn () => @fopen((string) ($file['tmp_name'] ?? ''), 'rb'));
    if ($refusal !== null) {
        $file['error'] = $refusal;
    }
    return $file;
}

/**
 * Bytes that WordPress writes itself: XML-RPC (`mw_newMediaObject`) and everything else that calls `wp_upload_bits`. Whatever is not an array
 * makes it give up and show that.
 *
 * @param mixed $upload name, bits, time
 * @return mixed
 */
function gatehouse_check_bits($upload)
{
    if (!is_array($upload)) {
        return $upload;
    }
    return gatehouse_refuse(function () use ($upload) {
        $stream = fopen('php://temp', 'w+b');
        $bits = (string) ($upload['bits'] ?? '');
        return fwrite($stream, $bits) === strlen($bits) && rewind($stream) ? $stream : false;
    }) ?? $upload;
}

/** @return string|null what may be shown; null, and nothing else, lets WordPress keep it */
function gatehouse_refuse(callable $open): ?string
{
    try {
        $stream = $open();
        [$isReleased, $message] = $stream === false ? [false, ''] : gatehouse_ask($stream);
    } catch (\Throwable $fault) {
        [$isReleased, $message] = [false, ''];
    }
    if ($isReleased === true) {
        return null;
    }
    return $message !== '' ? $message : 'This file cannot be checked at the moment. Please try again later.';
}

/**
 * @param resource $stream
 * @return array{0: bool, 1: string} whether WordPress may keep it, and what may be shown
 */
function gatehouse_ask($stream): array
{
    if (!defined('GATEHOUSE_URL') || !defined('GATEHOUSE_KEY') || !function_exists('curl_init')) {
        return [false, ''];
    }
    // Of what is open: `filesize` may remember what the file was before another filter changed it.
    $size = fstat($stream)['size'] ?? null;
    if (!is_int($size)) {
        return [false, ''];
    }
    $isStub = false;
    $curl = curl_init(rtrim((string) GATEHOUSE_URL, '/') . '/v1/hooks/raw');
    curl_setopt_array($curl, [
        CURLOPT_UPLOAD => true,
        CURLOPT_CUSTOMREQUEST => 'POST',
        CURLOPT_INFILE => $stream,
        CURLOPT_INFILESIZE => $size,
        CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . GATEHOUSE_KEY, 'Content-Type: application/octet-stream', 'Expect:'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$isStub): int {
            $isStub = $isStub || stripos($line, 'gatehouse-stub:') === 0;
            return strlen($line);
        },
        CURLOPT_FOLLOWLOCATION => false,
        // Not through a proxy of the environment: it would see the file and the key.
        CURLOPT_PROXY => '',
        CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => defined('GATEHOUSE_TIMEOUT_S') ? (int) GATEHOUSE_TIMEOUT_S : 65,
    ]);
    $body = curl_exec($curl);
    $status = $body === false ? 0 : (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    curl_close($curl);
    fclose($stream);
    $answer = is_string($body) ? json_decode($body, true) : null;
    // What stub mode says protects nobody.
    $counts = !$isStub || (defined('GATEHOUSE_ACCEPTS_STUB') && GATEHOUSE_ACCEPTS_STUB === true);
    $isReleased = $counts && $status === 200 && is_array($answer) && ($answer['released'] ?? null) === true;
    // Only the neutral text of an answer about the file; a fault is told in our own words.
    $message = $status === 422 && is_array($answer) && is_string($answer['message'] ?? null) ? $answer['message'] : '';
    return [$isReleased, $message];
}

// Last, on the file as it will be kept: other filters may change it.
add_filter('wp_handle_upload_prefilter', 'gatehouse_check_upload', PHP_INT_MAX);
add_filter('wp_handle_sideload_prefilter', 'gatehouse_check_upload', PHP_INT_MAX);
add_filter('wp_upload_bits', 'gatehouse_check_bits', PHP_INT_MAX);
