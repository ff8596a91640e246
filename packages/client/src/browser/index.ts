/** @gatehouse/client/browser: uploads from a page to Gatehouse, asked about before they are sent. */
export { attachToInput, type AttachOptions, type AttachTexts } from './attach-to-input.ts';
export { createFileHasher, type FileHasher, type HashOptions } from './hash-file.ts';
export { readSignals, type FileSignals, type PictureSignal } from './signals.ts';
export { createUploader, type Check, type Uploader, type UploaderOptions, type UploadOptions, type UploadResult } from './uploader.ts';
