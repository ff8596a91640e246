/** Types that the parts of the launcher share. */

/** What we need of a logger; pino's fits. */
export interface EmbeddedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
