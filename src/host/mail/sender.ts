import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import {
  isNotificationEvent,
  type NotificationEvent,
  type StoredNotificationData,
} from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import { type MailSettingsRow, mailSettings, notificationTemplates, tenants } from '../database/index.ts';
import { type Schedule, systemSchedule } from '../schedule.ts';
import { readSettings } from '../services/organization/settings.ts';
import {
  addressNotifications,
  type Claim,
  claimMail,
  settleFailed,
  settleSent,
  skipTheOld,
  tenantsAwaitingMail,
} from './outbox.ts';
import { secretOf, withoutSecret } from './secret-mail.ts';
import { failureOf, type MailFailure, type Message, sendMail } from './smtp.ts';
import {
  type CommonVariables,
  defaultTemplate,
  type MailTemplate,
  oneLine,
  type RenderedMail,
  renderMail,
} from './templates.ts';

export interface MailSenderOptions {
  /** From 0 to 1; tests hand in their own. */
  random?: () => number;
  schedule?: Schedule;
  send?: typeof sendMail;
  /** Milliseconds after which an organization with more to send gets in line again. */
  turn?: number;
}

export interface MailSender {
  /** Looks for e-mails now and then, and soon after a command has told somebody something. */
  start(): void;
  /** Does all there is to do now. Several calls at once are one. */
  run(): Promise<void>;
  /** Takes no more, lets what is being sent end, and leaves no timer. */
  close(): Promise<void>;
}

const seconds = 1_000;
const everySoOften = 15 * seconds;
/** After a notification: several of one moment go together, and the command's caller is not waited upon. */
const soon = 1 * seconds;
/** E-mails of one organization on their way at once. */
const atOnce = 4;
/** Organizations whose turn it is at once: one whose server is slow keeps nobody else's e-mails back. */
const organizationsAtOnce = 8;
/** Then it gets in line again, behind what others were told meanwhile. */
const usualTurn = 30 * seconds;
/** How long closing waits for the mail server. */
const graceMs = 5 * seconds;
const longestSilence = 300 * seconds;

/** Sends the outbox of every organization whose mail is set up and on (`outbox.ts`). One for each host. */
export function mailSender(host: HostContext, options: MailSenderOptions = {}): MailSender {
  const { random = Math.random, schedule = systemSchedule, send = sendMail, turn = usualTurn } = options;
  const sender = uuidv7();
  const stopping = new AbortController();
  const cutting = new AbortController();
  /** Organizations whose server could not be reached: until when it is left alone, and after how many times. */
  const unreachable = new Map<string, { until: number; times: number }>();
  let running: Promise<void> | undefined;
  let again = false;
  let cancel: (() => void) | undefined;
  let due = Number.POSITIVE_INFINITY;
  let stopListening: (() => void) | undefined;

  async function work(): Promise<void> {
    for (const tenantId of await tenantsAwaitingMail(host)) {
      // Between two steps the host's other callers get their turn.
      while (!stopping.signal.aborted && (await addressNotifications(host, tenantId))) await setImmediate();
    }
    const inLine = await enabledSettings(host);
    const serve = async (): Promise<void> => {
      for (let next = inLine.shift(); next !== undefined; next = inLine.shift()) {
        if (stopping.signal.aborted) return;
        try {
          await sendFor(next);
        } catch (error) {
          // What is wrong with one organization must not keep the others' e-mails back.
          host.log.error(
            { err: error, tenantId: next.tenantId },
            'The e-mails of an organization could not be sent',
          );
        }
      }
    };
    await Promise.all(Array.from({ length: organizationsAtOnce }, serve));
  }

  async function sendFor(settings: MailSettingsRow): Promise<void> {
    const { tenantId } = settings;
    const silent = unreachable.get(tenantId);
    // The server was just not there: one try now and then is enough to see it come back.
    if (silent !== undefined && Date.parse(host.now()) < silent.until) return;
    await skipTheOld(host, tenantId);
    const templates = new Map<NotificationEvent, MailTemplate>();
    const common = await organizationOf(host, tenantId, templates);
    const domain = settings.fromAddress.split('@').at(-1) ?? 'localhost';
    let failedToConnect = false;
    const endOfTurn = performance.now() + turn;
    const lane = async (): Promise<void> => {
      while (!stopping.signal.aborted && !failedToConnect) {
        const claim = await claimMail(host, tenantId, { sender, domain });
        if (claim === undefined) return;
        const failure = await attempt(settings, claim, templates, common);
        if (failure?.kind === 'connection') failedToConnect = true;
        // Not before something is done, or a slow machine would only ever begin.
        if (performance.now() >= endOfTurn) {
          again = true;
          return;
        }
      }
    };
    // One where the server was away: if it still is, one attempt is spent and not four.
    await Promise.all(Array.from({ length: silent === undefined ? atOnce : 1 }, lane));
    if (failedToConnect) {
      const times = (silent?.times ?? 0) + 1;
      const wait = Math.min(longestSilence, everySoOften * 2 ** times) * (1 - random() / 2);
      unreachable.set(tenantId, { until: Date.parse(host.now()) + wait, times });
    } else unreachable.delete(tenantId);
  }

  async function attempt(
    settings: MailSettingsRow,
    claim: Claim,
    templates: ReadonlyMap<NotificationEvent, MailTemplate>,
    common: { organizationName: string; appUrl: string },
  ): Promise<MailFailure | undefined> {
    const { tenantId } = settings;
    const { event, data } = claim.row;
    let failure: MailFailure | undefined;
    try {
      if (!isNotificationEvent(event)) throw new Error(`This version knows no event ${event}.`);
      const secret = secretOf(host, tenantId, claim.row);
      const filled = { ...data, ...secret };
      const words = written(event, templates.get(event), filled, {
        ...common,
        recipientName: claim.to.name,
      });
      const message = { ...words, to: claim.to, messageId: claim.messageId };
      failure = withoutSecret(await handOver(settings, message), secret);
    } catch (error) {
      // What can't be written now can't be written the next time either.
      failure = { kind: 'permanent', reason: oneLine(`The e-mail could not be written: ${String(error)}`) };
    }
    if (failure === undefined) {
      const isOurs = await settleSent(host, tenantId, claim, sender);
      if (!isOurs) host.log.warn({ mail: claim.row.id }, 'An e-mail was sent after its lease was over');
      return undefined;
    }
    host.log.info({ mail: claim.row.id, ...failure }, 'An e-mail did not go out');
    // Cut off by closing: whether the server took it is not known, so the lease stands, and then it is tried again.
    if (cutting.signal.aborted) return failure;
    await settleFailed(host, tenantId, claim, { sender, failure, random: random() });
    return failure;
  }

  /**
   * In the organization's own words. They were checked when they were saved, but maybe by an older version, and with other data: where they
   * can't be filled, the usual ones are better than none.
   */
  function written(
    event: NotificationEvent,
    own: MailTemplate | undefined,
    ...filling: [data: StoredNotificationData, common: CommonVariables]
  ): RenderedMail {
    if (own !== undefined) {
      try {
        return renderMail(event, own, ...filling);
      } catch (error) {
        host.log.warn({ err: error, event }, 'The own words of an organization could not be filled');
      }
    }
    return renderMail(event, defaultTemplate(event), ...filling);
  }

  async function handOver(settings: MailSettingsRow, message: Message): Promise<MailFailure | undefined> {
    try {
      await send(host, settings, message, cutting.signal);
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  }

  function run(): Promise<void> {
    if (stopping.signal.aborted) return running ?? Promise.resolve();
    again = running !== undefined;
    running ??= (async () => {
      do {
        again = false;
        await work();
      } while (again && !stopping.signal.aborted);
    })().finally(() => {
      running = undefined;
    });
    return running;
  }

  function plan(ms: number): void {
    if (stopping.signal.aborted) return;
    const at = Date.now() + ms;
    if (at >= due) return;
    cancel?.();
    due = at;
    cancel = schedule(ms, () => {
      due = Number.POSITIVE_INFINITY;
      run()
        .catch((error: unknown) => host.log.error({ err: error }, 'E-mails could not be sent'))
        .finally(() => plan(everySoOften));
    });
  }

  return {
    start() {
      stopListening = host.changes.listen((heard) => {
        if (heard === 'missed') return;
        if (heard.resource === 'mail') unreachable.delete(heard.tenantId);
        if (heard.resource === 'notification' || heard.resource === 'mail') plan(soon);
      });
      plan(soon);
    },
    run,
    async close() {
      stopListening?.();
      stopping.abort();
      cancel?.();
      if (running === undefined) return;
      const ended = new AbortController();
      const cut = pause(graceMs, undefined, { signal: ended.signal, ref: false }).then(
        () => cutting.abort(),
        () => undefined,
      );
      await running.catch((error: unknown) => host.log.error({ err: error }, 'E-mails could not be sent'));
      ended.abort();
      await cut;
    },
  };
}

async function enabledSettings(host: HostContext): Promise<MailSettingsRow[]> {
  const all = await host.database.read('system', (reader) =>
    reader.list(mailSettings, sql`is_enabled order by tenant_id`),
  );
  return all;
}

/** What an organization's e-mails have in common; its own templates go into `templates`. */
async function organizationOf(
  host: HostContext,
  tenantId: string,
  templates: Map<NotificationEvent, MailTemplate>,
): Promise<{ organizationName: string; appUrl: string }> {
  return host.database.read({ tenantId }, async (reader) => {
    for (const own of await reader.list(notificationTemplates)) {
      if (isNotificationEvent(own.event)) templates.set(own.event, own);
    }
    const tenant = await reader.find(tenants, { id: tenantId });
    if (tenant === undefined)
      throw new Error(`The organization ${tenantId} with mail settings does not exist.`);
    return {
      organizationName: tenant.organizationName,
      appUrl: readSettings(tenant.settings).publicUrl ?? '',
    };
  });
}
