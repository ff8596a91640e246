/**
 * Checks of an e-mail address or a mobile number over HTTP: the provider sends a code to it, and once the person has given the code it says
 * what it knows (how long the address has been in use; whether the contract is an adult's). The address passes through and is kept nowhere.
 */
import { z } from 'zod';
import { AnswerFieldSchema, readAnswer } from './answer-rules.ts';
import { readReply, readText } from './json-rules.ts';
import { ProviderFault, type Declaration, type FormProvider, type ProviderTools } from './schema.ts';

export const ContactSettingsSchema = z.strictObject({
  field: z.enum(['email', 'phone']),
  /** POST { email or phone, locale } -> { id } */
  startUrl: z.url(),
  /** POST { id, code, threshold } -> the answer; 422 for a wrong code. */
  confirmUrl: z.url(),
  apiKey: z.string().min(1),
  idPath: z.string().default('id'),
  answer: AnswerFieldSchema,
});
export type ContactSettings = z.output<typeof ContactSettingsSchema>;

const EMAIL = z.email().max(254);
/** E.164 */
const PHONE = /^\+[1-9]\d{6,14}$/;
const WRONG_CODE = 422;

export interface ContactParts {
  readonly id: string;
  readonly declaration: Declaration;
  readonly settings: ContactSettings;
  readonly tools: ProviderTools;
}

export function createContactProvider({ id, declaration, settings, tools }: ContactParts): FormProvider {
  const headers = { authorization: `Bearer ${settings.apiKey}`, 'content-type': 'application/json', accept: 'application/json' };
  const post = (url: string, body: object): ReturnType<ProviderTools['send']> => tools.send({ url, method: 'POST', headers, body: JSON.stringify(body) });
  return {
    id,
    declaration,
    mode: 'form',
    field: settings.field,
    async start({ locale }, value) {
      if (!isContact(settings.field, value)) throw new ProviderFault('answer_not_understood', 'That is not an address or number in the expected form.');
      const reference = readText(readReply(await post(settings.startUrl, { [settings.field]: value, locale })), settings.idPath);
      if (reference === undefined) throw new ProviderFault('answer_not_understood', 'The provider did not say which check it began.');
      return { reference };
    },
    async confirm({ reference, code, start }) {
      const reply = await post(settings.confirmUrl, { id: reference, code, threshold: start.question.threshold });
      if (reply.status === WRONG_CODE) return { outcome: 'inconclusive' };
      return readAnswer(readReply(reply), settings.answer, { question: start.question, basis: declaration.basis, now: tools.now() });
    },
    async checkHealth() {
      const { status } = await tools.send({ url: settings.startUrl, method: 'GET', headers }).catch(() => ({ status: 599 }));
      return status < 500;
    },
  };
}

function isContact(field: ContactSettings['field'], value: string): boolean {
  return field === 'email' ? EMAIL.safeParse(value).success : PHONE.test(value);
}
