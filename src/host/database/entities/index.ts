export * from './credits.ts';
export * from './leads.ts';
export * from './partners.ts';
export * from './payouts.ts';
export * from './people.ts';
