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
    // Another filter, or PHP itself, has refused it already.
    if (!empty($file['error'])) {
        return $file;
    }
    try {
        [$isReleased, $message] = gatehouse_ask((string) ($file['tmp_name'] ?? ''));
    } catch (\Throwable $fault) {
        [$isReleased, $message] = [false, ''];
    }
    if ($isReleased !== true) {
        $file['error'] = $message !== '' ? $message : 'This file cannot be checked at the moment. Please try again later.';
    }
    return $file;
}

/** @return array{0: bool, 1: string} whether WordPress may keep it, and what may be shown */
function gatehouse_ask(string $path): array
{
    if (!defined('GATEHOUSE_URL') || !defined('GATEHOUSE_KEY') || !function_exists('curl_init')) {
        return [false, ''];
    }
    $size = @filesize($path);
    $stream = @fopen($path, 'rb');
    if ($size === false || $stream === false) {
        return [false, ''];
    }
    $curl = curl_init(rtrim((string) GATEHOUSE_URL, '/') . '/v1/hooks/raw');
    curl_setopt_array($curl, [
        CURLOPT_UPLOAD => true,
        CURLOPT_CUSTOMREQUEST => 'POST',
        CURLOPT_INFILE => $stream,
        CURLOPT_INFILESIZE => $size,
        CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . GATEHOUSE_KEY, 'Content-Type: application/octet-stream', 'Expect:'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FOLLOWLOCATION => false,
        CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => defined('GATEHOUSE_TIMEOUT_S') ? (int) GATEHOUSE_TIMEOUT_S : 65,
    ]);
    $body = curl_exec($curl);
    $status = $body === false ? 0 : (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    curl_close($curl);
    fclose($stream);
    $answer = is_string($body) ? json_decode($body, true) : null;
    $isReleased = $status === 200 && is_array($answer) && ($answer['released'] ?? null) === true;
    // Only the neutral text of an answer about the file; a fault is told in our own words.
    $message = $status === 422 && is_array($answer) && is_string($answer['message'] ?? null) ? $answer['message'] : '';
    return [$isReleased, $message];
}

// Last, on the file as it will be kept: other filters may change it.
add_filter('wp_handle_upload_prefilter', 'gatehouse_check_upload', PHP_INT_MAX);
add_filter('wp_handle_sideload_prefilter', 'gatehouse_check_upload', PHP_INT_MAX);
