/** Which language a page speaks, and its texts. */
import { cy } from './cy.ts';
import { de } from './de.ts';
import { en, type MessageKey, type Messages } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { pl } from './pl.ts';

export const LANGUAGES: Readonly<Record<string, Messages>> = { en, cy, fr, de, es, pl };

/** Each by the name that its readers know. */
export const LANGUAGE_NAMES: Readonly<Record<string, string>> = {
  en: 'English',
  cy: 'Cymraeg',
  fr: 'Français',
  de: 'Deutsch',
  es: 'Español',
  pl: 'Polski',
};

export interface Language {
  /** BCP 47, for `lang`. */
  readonly code: string;
  /** A text, with what stands in braces filled in. */
  readonly say: (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;
}

/** Its code, when we speak it. */
export function knownLanguage(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(LANGUAGES, code) ? code : undefined;
}

/** @param wanted a locale, or an Accept-Language header; the first language that we speak, else English */
export function chooseLanguage(wanted: string | undefined): Language {
  const codes = (wanted ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => /^\s*([a-z]{2,3})\b/.exec(part)?.[1] ?? '');
  const code = codes.find((one) => Object.hasOwn(LANGUAGES, one)) ?? 'en';
  const texts = LANGUAGES[code] ?? en;
  return { code, say: (key, values = {}) => texts[key].replaceAll(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all)) };
}
