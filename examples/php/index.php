<?php
/** A form that publishes pictures with a receipt. `php -S 127.0.0.1:8000 index.php`; PUBLISH_DIR is where published files go. */
declare(strict_types=1);
require __DIR__ . '/gatehouse.php';

const TYPES = ['image/jpeg' => 'jpg', 'image/png' => 'png', 'image/webp' => 'webp', 'image/gif' => 'gif'];

function show(int $status, string $text): void
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    $safe = htmlspecialchars($text);
    echo "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Pictures</title>
<main><h1>Pictures</h1><p role=\"status\">$safe</p>
<form method=\"post\" enctype=\"multipart/form-data\"><p><label>Picture <input type=\"file\" name=\"picture\" accept=\"image/*\" required></label></p>
<p><button>Publish</button></p></form></main></html>";
}

/** @return string|null the name of the file; null when it could not be stored */
function publish(string $path, Screened $screened): ?string
{
    $folder = getenv('PUBLISH_DIR') ?: __DIR__ . '/public';
    is_dir($folder) || @mkdir($folder, 0755, true);
    $extension = TYPES[(new finfo(FILEINFO_MIME_TYPE))->file($path)] ?? 'bin';
    $name = "$folder/{$screened->sha256}.$extension";
    // The receipt first, and whole: nothing lies there without one.
    $isKept = @file_put_contents("$name.receipt", $screened->receipt) === strlen($screened->receipt);
    return $isKept && @move_uploaded_file($path, $name) ? basename($name) : null;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    show(200, 'Choose a picture.');
    return;
}
$file = $_FILES['picture'] ?? null;
// Above post_max_size PHP gives neither files nor fields, above upload_max_filesize an error.
$isEmpty = $_FILES === [] && $_POST === [] && (int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > 0;
if ($isEmpty || in_array($file['error'] ?? null, [UPLOAD_ERR_INI_SIZE, UPLOAD_ERR_FORM_SIZE], true)) {
    show(413, 'The picture is too large. It was not published.');
    return;
}
// One file, whole: anything else is not published.
if ($file === null || !is_string($file['tmp_name']) || $file['error'] !== UPLOAD_ERR_OK || count($_FILES) !== 1) {
    show(400, 'Choose one picture.');
    return;
}
$gatehouse = new Gatehouse(getenv('GATEHOUSE_URL') ?: 'http://127.0.0.1:8080', (string) getenv('GATEHOUSE_KEY'));
$screened = $gatehouse->screen($file['tmp_name']);
if ($screened->receipt === null) {
    show($screened->mayTryAgain ? 503 : 422, $screened->message);
    return;
}
$name = publish($file['tmp_name'], $screened);
$name === null ? show(500, 'The picture could not be stored. It was not published; please try again later.') : show(201, "Published as $name.");
