/** Before the bytes of a sender: is there room on the ticket, and a permit for exactly these bytes where one is needed. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { SurfaceParts } from '../room.ts';
import { bindTo } from './binding.ts';
import { bindPermit, hasPermit, releasePermit, usePermit } from './store.ts';

export interface AdmissionRequest {
  readonly principal: Principal;
  /** The header Gatehouse-Permit, or the metadata of that name. */
  readonly permit: string | undefined;
  readonly sizeBytes: number;
  /** As announced. Whoever receives the bytes must hold them against it. */
  readonly sha256: string | undefined;
}

/** What was taken of a ticket and a permit; a surface that waits for the bytes keeps it. */
export interface Admission {
  readonly principal: Pick<Principal, 'kind' | 'id'>;
  readonly sizeBytes: number;
  readonly permitId: string | undefined;
}

export interface Admitted {
  readonly permitId: string | undefined;
  /** Before the bytes are received, so that the gate's verdict can be held against the permit. */
  bind(uploadId: string): Promise<void>;
  /** The upload did not come about: ticket and permit are as before. Never throws. */
  giveBack(): Promise<void>;
}

export interface NewlyAdmitted extends Admitted {
  /** Of the ticket: where the service wants to hear of the outcome. */
  readonly callbackUrl: string | undefined;
}

export interface AdmissionService {
  /** @throws {GatehouseError} ticket_spent, permit_invalid */
  admit(request: AdmissionRequest): Promise<NewlyAdmitted>;
  /** What `admit` gave, for bytes that arrive over several requests. */
  resume(admission: Admission): Admitted;
}

const PERMIT = /^ghp_([0-9a-hjkmnp-tv-z]{26})_([0-9a-f]{64})$/;

export function createAdmission({ context, access }: SurfaceParts): AdmissionService {
  const { config, clock, database, events, log, metrics } = context;
  const contradicted = metrics.counter({
    name: 'gatehouse_permits_contradicted_total',
    help: 'Uploads that came with a permit and matched at the gate: the device lied, or hashes pictures otherwise.',
    labels: [],
  });
  events.on('upload.decided', async ({ uploadId, verdict }, tx) => {
    if (verdict === 'match' && (await hasPermit(tx ?? database.sql, uploadId))) contradicted.add({});
  });
  const takePermit = async (request: AdmissionRequest): Promise<string | undefined> => {
    const isNeeded = config.permitsRequired && request.principal.kind === 'ticket';
    if (request.permit === undefined && !isNeeded) return undefined;
    if (request.permit !== undefined && request.sha256 === undefined)
      throw new GatehouseError(
        'permit_invalid',
        'A permit is for announced bytes: name their SHA-256 (Content-Digest; by tus the metadata sha256). Nothing was received, and the permit was not used.',
      );
    const id = await usePermitOf(request);
    if (id === undefined)
      throw new GatehouseError('permit_invalid', 'It is missing, unknown, was used, has expired, or is for another file. Nothing was received.');
    return id;
  };
  const usePermitOf = async ({ permit, principal, sizeBytes, sha256 }: AdmissionRequest): Promise<string | undefined> => {
    const [, bareId, secret] = PERMIT.exec(permit ?? '') ?? [];
    if (bareId === undefined || secret === undefined || sha256 === undefined) return undefined;
    const id = `prm_${bareId}`;
    const binding = bindTo({ secret, sha256, sizeBytes, owner: principal.id });
    return (await usePermit(database.sql, { id, binding }, clock.now())) ? id : undefined;
  };
  const resume = ({ principal, sizeBytes, permitId }: Admission): Admitted => ({
    permitId,
    async bind(uploadId) {
      if (permitId !== undefined) await bindPermit(database.sql, permitId, uploadId);
    },
    async giveBack() {
      try {
        if (principal.kind === 'ticket') await access.tickets.restore(principal.id, sizeBytes);
        if (permitId !== undefined) await releasePermit(database.sql, permitId);
      } catch (error) {
        log.warn({ err: error }, 'what an upload had taken of its ticket could not be given back');
      }
    },
  });
  return {
    resume,
    async admit(request) {
      const { principal, sizeBytes } = request;
      const permitId = await takePermit(request);
      try {
        const spent = principal.kind === 'ticket' ? await access.tickets.spend(principal.id, sizeBytes) : undefined;
        return { ...resume({ principal, sizeBytes, permitId }), callbackUrl: spent?.callbackUrl };
      } catch (error) {
        if (permitId !== undefined) await releasePermit(database.sql, permitId);
        throw error;
      }
    },
  };
}
