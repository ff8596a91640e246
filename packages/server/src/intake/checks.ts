import { statfs } from 'node:fs/promises';
import { inDataDir } from '../platform/config.ts';
import type { AppContext, Check, CheckResult } from '../platform/domain.ts';
import type { IntakeService } from './service.ts';

const MIB = 1024 ** 2;
const STUCK_ATTENTION_MS = 10 * 60_000;
const STUCK_FAIL_MS = 60 * 60_000;
/** Room for the largest upload and as much again. */
const ROOM_FACTOR = 2;
const FULL_SHARE = 0.8;

export function checks(service: IntakeService, context: AppContext): readonly Check[] {
  return [
    { name: 'intake.spool', title: 'Room for uploads', run: () => checkSpool(service, context) },
    { name: 'intake.undecided', title: 'Uploads that wait for a verdict', run: () => checkUndecided(service, context) },
    { name: 'intake.callbacks', title: 'Callbacks', run: () => checkCallbacks(service) },
    { name: 'intake.receipt_key', title: 'Receipt key', run: () => checkKey(service) },
  ];
}

async function checkSpool(service: IntakeService, { config }: AppContext): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(inDataDir(config, 'spool'));
  const freeBytes = bavail * bsize;
  const waiting = service.waitingBytes();
  const finding = `${mib(waiting)} MiB of at most ${mib(config.spoolMaxBytes)} MiB wait; ${mib(freeBytes)} MiB free on the disk`;
  if (waiting > FULL_SHARE * config.spoolMaxBytes)
    return {
      status: 'attention',
      finding,
      remedy: 'Uploads come faster than they are screened. Give the node more decoders (GATEHOUSE_DECODE_PROCESSES) or raise GATEHOUSE_SPOOL_MAX_BYTES.',
    };
  if (freeBytes < ROOM_FACTOR * config.maxUploadBytes)
    return {
      status: 'attention',
      finding,
      remedy: 'There is hardly room for the largest upload (GATEHOUSE_MAX_UPLOAD_BYTES). Free space, or lower that limit.',
    };
  return { status: 'ok', finding };
}

async function checkUndecided(service: IntakeService, { clock }: AppContext): Promise<CheckResult> {
  const { byState, oldestUndecidedAt } = await service.summarise();
  const count = byState.received + byState.scanning;
  if (oldestUndecidedAt === undefined) return { status: 'ok', finding: `none waits; ${byState.held} held` };
  const ageMs = clock.now().getTime() - oldestUndecidedAt.getTime();
  const finding = `${count} wait, the oldest for ${Math.round(ageMs / 1000)} s; ${byState.held} held`;
  if (ageMs < STUCK_ATTENTION_MS) return { status: 'ok', finding };
  return {
    status: ageMs > STUCK_FAIL_MS ? 'fail' : 'attention',
    finding,
    remedy: 'See why with `gatehouse upload list --state received` and `upload show`: usually the lists are stale or no decoder starts.',
  };
}

async function checkCallbacks(service: IntakeService): Promise<CheckResult> {
  const { deadCallbacks } = await service.summarise();
  if (deadCallbacks === 0) return { status: 'ok', finding: 'no callback is among the dead letters' };
  return {
    status: 'attention',
    finding: `${deadCallbacks} callback(s) could not be delivered`,
    remedy: 'See `gatehouse callback list --state dead`; mend the receiver, then `gatehouse callback resend <id>`.',
  };
}

async function checkKey(service: IntakeService): Promise<CheckResult> {
  const { keys } = await service.jwks();
  return { status: 'ok', finding: `signing with key ${keys[0]?.kid.slice(0, 8) ?? 'none'}; ${keys.length} public key(s) published` };
}

function mib(bytes: number): string {
  return String(Math.round(bytes / MIB));
}
