/** Tables that are handed out: as the platform writes them. */
export { formatCsv } from '../../platform/csv-text-rules.ts';
