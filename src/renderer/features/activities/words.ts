/** What happened, in words; "Anna Weiss …" stands before it. An action without words of its own shows as "did something". */
export const actionWords: Record<string, string> = {
  organization_created: 'set the organization up',
  settings_changed: 'changed the settings',
  signed_in: 'signed in',
  signed_out: 'signed out',
  sign_in_locked: 'was locked out after too many wrong passwords',
  staff_added: 'added a staff member',
  staff_changed: 'changed a staff member',
  registration_submitted: 'registered a partner',
  partner_updated: 'edited a partner',
  partner_approved: 'approved a partner',
  partner_rejected: 'rejected a partner',
  partner_suspended: 'suspended a partner',
  partner_deactivated: 'deactivated a partner',
  partner_reactivated: 'reactivated a partner',
  partner_reapplied: 'put a partner up for approval again',
  banking_verified: 'verified a partner’s bank details',
  banking_revealed: 'looked at a partner’s bank details in full',
  source_created: 'added a source',
  source_updated: 'changed a source',
  source_deactivated: 'took a source out of use',
  lead_submitted: 'submitted a lead',
  lead_changed: 'corrected a lead',
  lead_claimed: 'claimed a lead for review',
  lead_released: 'released a lead',
  lead_approved: 'approved a lead',
  lead_rejected: 'rejected a lead',
  lead_converted: 'recorded a lead’s conversion',
  import_started: 'started an import',
  leads_imported: 'imported leads',
  import_completed: 'finished an import',
  import_cancelled: 'cancelled an import',
  import_failed: 'had an import fail',
  import_interrupted: 'had an import interrupted',
  policy_created: 'created a credit policy',
  policy_revised: 'made a new revision of a credit policy',
  policy_renamed: 'renamed a credit policy',
  policy_approved: 'approved a credit policy',
  policy_deactivated: 'deactivated a credit policy',
  credit_requested: 'requested a credit',
  credit_approved: 'approved a credit',
  credit_rejected: 'rejected a credit',
  credit_reversed: 'took a credit back',
  payout_generated: 'generated a payout',
  payouts_generated: 'generated payouts',
  payout_first_approved: 'gave a payout the first of two approvals',
  payout_approved: 'approved a payout',
  payout_rejected: 'rejected a payout',
  payout_cancelled: 'cancelled a payout',
  payout_line_added: 'added a line to a payout',
  payout_line_approved: 'approved a payout line',
  payout_line_rejected: 'rejected a payout line',
  payment_recorded: 'recorded a payment',
  payouts_exported: 'exported payouts',
};

/** What an activity is about, as the filter calls it. */
export const resourceWords: Record<string, string> = {
  partner: 'Partners',
  source: 'Sources',
  lead: 'Leads',
  import: 'Imports',
  policy: 'Credit policies',
  credit: 'Credits',
  payout: 'Payouts',
  payout_line: 'Payout lines',
  payout_export: 'Payout exports',
  staff: 'Staff and sign-in',
  settings: 'Settings',
  organization: 'Organization',
};

/** "approved a partner" for the log's sentence; words of its own where an action has none here. */
export function actionText(action: string): string {
  return actionWords[action] ?? `did something else (${action.replaceAll('_', ' ')})`;
}

/** The same at the start of a sentence: "Approved a partner". */
export function actionLabel(action: string): string {
  const text = actionText(action);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
