/** Notices in their forms. Every XARF report is held against its schema before anybody gets it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_DIR } from '../../../platform/entry.ts';
import { GatehouseError } from '../../../platform/errors.ts';
import { compileSchema, type SchemaChecker } from '../../../platform/json-schema-rules.ts';
import { keepMade } from '../../../platform/keep-made.ts';
import { VERSION } from '../../../platform/version.ts';
import { assertSendable, makeSubject, writeMail } from './arf-rules.ts';
import { makeDsaNotice, writeDsaText } from './dsa-rules.ts';
import { makeHandover } from './handover-rules.ts';
import { makeReportUuid } from './names.ts';
import type { ComposedNotice, Formats, Handover, NoticeContent } from './schema.ts';
import { writeText } from './text-rules.ts';
import { makeXarf } from './xarf-rules.ts';
import { joinSchemas, XARF_FORMATS } from './xarf-schema-rules.ts';

export const XARF_SCHEMA_DIR = join(PACKAGE_DIR, 'src/international/notices/formats/data');
export const XARF_SCHEMA_FILES = ['xarf-core', 'content-base', 'content-csam', 'content-csem'] as const;

type Left = ComposedNotice['leftOut'];

export function createFormats(): Formats {
  const load = keepMade(loadChecker);
  return {
    async compose(format, content) {
      const { to } = assertSendable(content);
      const { json, leftOut } = await makeMachinePart({ format, content, checker: await load() });
      const text = writeText(content);
      const raw = writeMail({ format, content, text, json, version: VERSION });
      return { format, to, subject: makeSubject(content), messageId: content.messageId, raw, text, json, leftOut };
    },
    handover: (content): Handover => ({ json: toJson(makeHandover(content)), text: writeText(content) }),
    dsa: (content) => ({ json: toJson(makeDsaNotice(content)), text: writeDsaText(content) }),
  };
}

async function loadChecker(): Promise<SchemaChecker> {
  const read = async (name: string): Promise<[string, unknown]> => [name, JSON.parse(await readFile(join(XARF_SCHEMA_DIR, `${name}.json`), 'utf8'))];
  return compileSchema(joinSchemas(Object.fromEntries(await Promise.all(XARF_SCHEMA_FILES.map(read)))), XARF_FORMATS);
}

interface MachineParts {
  readonly format: ComposedNotice['format'];
  readonly content: NoticeContent;
  readonly checker: SchemaChecker;
}

async function makeMachinePart({ format, content, checker }: MachineParts): Promise<{ readonly json: readonly string[]; readonly leftOut: Left }> {
  if (format === 'handover') return { json: [toJson(makeHandover(content))], leftOut: [] };
  if (format === 'dsa') return { json: [toJson(makeDsaNotice(content))], leftOut: [] };
  const json: string[] = [];
  const leftOut: Left[number][] = [];
  for (const item of content.items) {
    const made = makeXarf({ content, item, uuid: makeReportUuid(content.noticeId, item.reportId) });
    if (made.kind === 'left_out') {
      leftOut.push({ reportId: item.reportId, reason: made.reason });
      continue;
    }
    const fault = checker.check(made.definition, made.report)[0];
    // Without the value: it may be the address.
    if (fault !== undefined)
      throw new GatehouseError('notice_invalid', `The XARF report would not be valid: ${fault.at} ${fault.message}. The draft is kept; nothing was sent.`);
    json.push(toJson(made.report));
  }
  return { json, leftOut };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
