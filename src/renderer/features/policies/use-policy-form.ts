import { useRef, useState } from 'react';
import { codeFrom, type PolicyDraft, problemsOf } from './policy-draft.ts';

/** Money that is meant in another currency is no longer what was meant. */
function withoutAmounts(draft: PolicyDraft): PolicyDraft {
  return {
    ...draft,
    baseCredit: null,
    minimumCredit: null,
    maximumCredit: null,
    tiers: draft.tiers.map((tier) => ({ ...tier, creditAmount: null })),
  };
}

interface PolicyFormOptions {
  initial: PolicyDraft;
  isNew: boolean;
  currency: string;
  /** What the host said of the last attempt, by field. */
  hostErrors: Readonly<Record<string, string>>;
  /** Something was changed: what the host said no longer holds. */
  onChange: () => void;
  onSave: (draft: PolicyDraft) => void;
}

/** The state of the form: the draft, and what is wrong with it where. */
export function usePolicyForm({ initial, isNew, currency, hostErrors, onChange, onSave }: PolicyFormOptions) {
  const [draft, setDraft] = useState(initial);
  const [isDirty, setIsDirty] = useState(false);
  const [attempted, setAttempted] = useState(false);
  const [hasOwnCode, setHasOwnCode] = useState(!isNew);
  const form = useRef<HTMLFormElement>(null);

  const [amountsIn, setAmountsIn] = useState(currency);
  if (amountsIn !== currency) {
    setAmountsIn(currency);
    if (isNew) setDraft(withoutAmounts(draft));
  }

  const problems = problemsOf(draft, isNew);
  const errors: Record<string, string> = { ...hostErrors };
  // Nobody is told of what is missing before they have tried to save.
  if (attempted) for (const { path, message } of problems) errors[path] ??= message;

  const set = (patch: Partial<PolicyDraft>) => {
    setIsDirty(true);
    onChange();
    if (patch.policyCode !== undefined) setHasOwnCode(patch.policyCode !== '');
    setDraft((known) => ({
      ...known,
      ...patch,
      ...(patch.policyName !== undefined && !hasOwnCode && { policyCode: codeFrom(patch.policyName) }),
    }));
  };
  const focusFirstError = () =>
    // Once the errors are on the screen.
    requestAnimationFrame(() => {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  const submit = () => {
    setAttempted(true);
    // An amount or a rate that can't be read is in no draft: its field says so itself.
    const isUnreadable = form.current?.checkValidity() === false;
    if (problems.length > 0 || isUnreadable) focusFirstError();
    else onSave(draft);
  };
  return { draft, set, errors, problems, submit, isDirty, form, focusFirstError };
}
