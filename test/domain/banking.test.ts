import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BankingDetails,
  bankingFields,
  maskAccount,
  maskBankingDetails,
  missingForPayment,
  normalizeBankingDetails,
  paypalAddress,
} from '#domain/banking.ts';
import { paymentMethods } from '#domain/vocabulary.ts';

const none: BankingDetails = {
  bankName: null,
  accountHolder: null,
  accountNumber: null,
  accountType: null,
  routingNumber: null,
  iban: null,
  swift: null,
  currency: null,
  paypalEmail: null,
  paymentMethod: null,
};

function normalized(input: unknown): BankingDetails | undefined {
  const result = normalizeBankingDetails(input);
  return result.ok ? result.details : undefined;
}

function problems(input: unknown): Record<string, string> {
  const result = normalizeBankingDetails(input);
  return result.ok ? {} : Object.fromEntries(result.fields.map(({ path, message }) => [path, message]));
}

describe('normalizeBankingDetails', () => {
  test('cleans every field', () => {
    expect(
      normalized({
        bankName: '  Commerzbank ',
        accountHolder: 'Acme  GmbH',
        accountNumber: '0532-013 000',
        routingNumber: '0210 0002 1',
        iban: 'de89 3704 0044 0532 0130 00',
        swift: 'cobadeff xxx',
        currency: 'eur',
        accountType: 'savings',
        paypalEmail: ' Pay@Example.com ',
        paymentMethod: 'wire',
      }),
    ).toEqual({
      bankName: 'Commerzbank',
      accountHolder: 'Acme GmbH',
      accountNumber: '0532013000',
      accountType: 'savings',
      routingNumber: '021000021',
      iban: 'DE89370400440532013000',
      swift: 'COBADEFFXXX',
      currency: 'EUR',
      paypalEmail: expect.stringMatching(/^pay@example\.com$/i),
      paymentMethod: 'wire',
    });
  });

  test('an account type and a PayPal address are what they say', () => {
    expect(problems({ accountType: 'giro', paypalEmail: 'nobody' })).toEqual({
      'bankingDetails.accountType': 'The account type must be checking or savings.',
      'bankingDetails.paypalEmail': 'The PayPal e-mail address must be one such as ana@example.com.',
    });
  });

  test('PayPal pays to its own address, or to the account where that is one', () => {
    const at = (given: Partial<BankingDetails>) => paypalAddress({ ...none, ...given });
    expect(at({ paypalEmail: 'a@b.com', accountNumber: 'c@d.com', paymentMethod: 'paypal' })).toBe('a@b.com');
    expect(at({ accountNumber: 'c@d.com', paymentMethod: 'paypal' })).toBe('c@d.com');
    expect(at({ accountNumber: 'ABCDEFGHIJKLM', paymentMethod: 'paypal' })).toBe(null);
    expect(at({ accountNumber: 'c@d.com' })).toBe(null);
    expect(missingForPayment({ ...none, paypalEmail: 'a@b.com' }, 'paypal')).toEqual([]);
  });

  test('everything may be absent, but there must be an object', () => {
    expect(normalized({})).toEqual(none);
    expect(normalized({ iban: '', swift: null, accountHolder: ' ', paymentMethod: undefined })).toEqual(none);
    for (const input of [null, undefined, 'DE89', [], 5]) {
      expect(problems(input)).toEqual({ bankingDetails: 'The banking details are missing.' });
    }
  });

  test('every problem is reported at once', () => {
    expect(
      problems({
        bankName: 'x'.repeat(201),
        accountHolder: 7,
        accountNumber: '12',
        routingNumber: '123456789',
        iban: 'DE00',
        swift: 'nope',
        currency: 'EURO',
        paymentMethod: 'cash',
        pin: '1234',
      }),
    ).toEqual({
      'bankingDetails.bankName': 'The bank name can have at most 200 characters.',
      'bankingDetails.accountHolder': 'The account holder must be text.',
      'bankingDetails.accountNumber': 'The account number has 4 to 34 letters and digits.',
      'bankingDetails.routingNumber': 'The routing number is wrong: its check digit does not fit.',
      'bankingDetails.iban': 'The IBAN has the wrong length for DE.',
      'bankingDetails.swift': 'The SWIFT code (BIC) has 8 or 11 characters, such as DEUTDEFF or DEUTDEFF500.',
      'bankingDetails.currency': 'The currency must be a three-letter code such as EUR.',
      'bankingDetails.paymentMethod': 'The payment method must be bank_transfer, paypal, check or wire.',
      'bankingDetails.pin': 'Banking details have no field of this name.',
    });
  });

  test('a masked number that comes back is not taken for a number', () => {
    const masked = maskBankingDetails({
      ...none,
      iban: 'DE89370400440532013000',
      accountNumber: '123456789',
    });
    expect(problems(masked)).toEqual({
      'bankingDetails.accountNumber':
        'This is the masked account number. Type all of it, or leave it as it is.',
      'bankingDetails.iban': 'This is the masked IBAN. Type all of it, or leave it as it is.',
    });
  });

  test('its own result comes out the same again', () => {
    const once = normalized({
      iban: 'NL91 ABNA 0417 1643 00',
      accountNumber: 'A-1234',
      paymentMethod: 'wire',
    });
    expect(normalized(once)).toEqual(once);
  });
});

describe('IBAN', () => {
  test.each([
    'DE89370400440532013000',
    'GB29NWBK60161331926819',
    'FR1420041010050500013M02606',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
    'CH9300762011623852957',
  ])('%s is right', (iban) => {
    expect(normalized({ iban })).toMatchObject({ iban });
  });

  test.each([
    ['DE89370400440532013001', 'check digits'],
    ['DE8937040044053201300', 'wrong length for DE'],
    ['DE893704004405320130000', 'wrong length for DE'],
    ['GB29NWBK6016133192681A', 'check digits'],
    ['US64SVBKUS6S3300958879', 'begin with the code of a country'],
    ['XX89370400440532013000', 'begin with the code of a country'],
    ['89370400440532013000', 'begin with the code of a country'],
    ['__proto__', 'begin with the code of a country'],
    ['DE', 'wrong length for DE'],
  ])('%s is refused: %s', (iban, reason) => {
    expect(problems({ iban })['bankingDetails.iban']).toContain(reason);
  });

  test('check digits that mod 97 can not tell apart are refused all the same', () => {
    // Of a hundred check digits one is right; 00, 01 and 99 leave the same rest as 97, 98 and 02.
    const account = '370400440532013000';
    const digits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));
    const taken = digits.filter((each) => normalized({ iban: `DE${each}${account}` }) !== undefined);
    expect(taken).toEqual(['89']);
    const accounts = fc.stringMatching(/^\d{18}$/);
    fc.assert(
      fc.property(accounts, (random) => {
        const right = digits.filter((each) => normalized({ iban: `DE${each}${random}` }) !== undefined);
        expect(right).toHaveLength(1);
      }),
    );
  });

  test('one wrong digit is always noticed', () => {
    const iban = 'DE89370400440532013000';
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 21 }), fc.integer({ min: 1, max: 9 }), (at, shift) => {
        const digit = (Number(iban[at]) + shift) % 10;
        expect(normalized({ iban: iban.slice(0, at) + digit + iban.slice(at + 1) })).toBeUndefined();
      }),
    );
  });
});

describe('SWIFT code', () => {
  test.each(['DEUTDEFF', 'DEUTDEFF500', 'chasus33', 'NEDSZAJJXXX'])('%s is right', (swift) => {
    expect(normalized({ swift })).toMatchObject({ swift: swift.toUpperCase() });
  });

  test.each(['DEUTDEF', 'DEUTDEFF5', 'DEUTDEFF5000', 'DEUTXXFF', '1EUTDEFF', 'DEUT?EFF'])(
    '%s is refused',
    (swift) => {
      expect(problems({ swift })).toHaveProperty(['bankingDetails.swift']);
    },
  );
});

describe('routing number', () => {
  test.each(['021000021', '011401533', '091000019', '322271627', '121000358'])(
    '%s is right',
    (routingNumber) => {
      expect(normalized({ routingNumber })).toMatchObject({ routingNumber });
    },
  );

  test.each([
    ['021000022', 'check digit'],
    ['012000021', 'check digit'],
    ['000000000', 'check digit'],
    ['990000009', 'check digit'],
    ['02100002', 'nine digits'],
    ['0210000211', 'nine digits'],
    ['02100002A', 'nine digits'],
  ])('%s is refused: %s', (routingNumber, reason) => {
    expect(problems({ routingNumber })['bankingDetails.routingNumber']).toContain(reason);
  });

  test('begins with the number of a district, a thrift, an electronic office or the cheques, and with no other', () => {
    const taken = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0')).filter(
      (two) => {
        const rest = (3 * Number(two[0]) + 7 * Number(two[1])) % 10;
        return normalized({ routingNumber: `${two}000000${(10 - rest) % 10}` }) !== undefined;
      },
    );
    const from = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, at) => String(first + at).padStart(2, '0'));
    expect(taken).toEqual([...from(1, 12), ...from(21, 32), ...from(61, 72), '80']);
  });

  test('one wrong digit is always noticed', () => {
    const right = '121000358';
    fc.assert(
      fc.property(fc.nat(8), fc.integer({ min: 1, max: 9 }), (at, shift) => {
        const digit = (Number(right[at]) + shift) % 10;
        const routingNumber = right.slice(0, at) + digit + right.slice(at + 1);
        expect(normalized({ routingNumber })).toBeUndefined();
      }),
    );
  });
});

describe('account number', () => {
  test.each([
    ['00123456', 'bank_transfer', '00123456'],
    ['12-3456-7890123-00', 'wire', '123456789012300'],
    ['1234', 'wire', '1234'],
    ['1'.repeat(34), 'wire', '1'.repeat(34)],
    ['pay@Example.com', 'paypal', 'pay@example.com'],
    ['abcd123456789', 'paypal', 'ABCD123456789'],
    ['pay@example.com', undefined, 'pay@example.com'],
  ])('%s by %s is %s', (accountNumber, paymentMethod, expected) => {
    expect(normalized({ accountNumber, paymentMethod })).toMatchObject({ accountNumber: expected });
  });

  test.each([
    ['123', 'wire'],
    ['ABCDEF', 'wire'],
    ['1'.repeat(35), 'wire'],
    ['12/34', 'wire'],
    ['pay@example.com', 'bank_transfer'],
    ['00123456', 'paypal'],
    ['pay@', 'paypal'],
    ['a@b', undefined],
  ])('%s by %s is refused', (accountNumber, paymentMethod) => {
    expect(problems({ accountNumber, paymentMethod })).toHaveProperty(['bankingDetails.accountNumber']);
  });
});

describe('missingForPayment', () => {
  const lacking = (details: Partial<BankingDetails>): string[] =>
    missingForPayment({ ...none, ...details }).map((each) => each.path.replace('bankingDetails.', ''));

  test('a bank transfer needs the holder and an IBAN, or an account number and the bank it is at', () => {
    const transfer = { paymentMethod: 'bank_transfer', accountHolder: 'Acme' } as const;
    expect(lacking({ paymentMethod: 'bank_transfer' })).toEqual(['accountHolder', 'iban']);
    expect(lacking(transfer)).toEqual(['iban']);
    expect(lacking({ ...transfer, accountNumber: '00123456' })).toEqual(['iban']);
    expect(lacking({ ...transfer, routingNumber: '021000021' })).toEqual(['iban']);
    expect(lacking({ ...transfer, iban: 'DE89370400440532013000' })).toEqual([]);
    expect(lacking({ ...transfer, accountNumber: '00123456', routingNumber: '021000021' })).toEqual([]);
    expect(lacking({ ...transfer, accountNumber: '00123456', swift: 'DEUTDEFF' })).toEqual([]);
  });

  test('a wire needs holder, bank, account and where the bank is', () => {
    expect(lacking({ paymentMethod: 'wire' })).toEqual(['accountHolder', 'bankName', 'iban', 'swift']);
    const wire = { paymentMethod: 'wire', accountHolder: 'Acme', bankName: 'Commerzbank' } as const;
    expect(lacking({ ...wire, iban: 'DE89370400440532013000' })).toEqual(['swift']);
    expect(lacking({ ...wire, iban: 'DE89370400440532013000', swift: 'COBADEFF' })).toEqual([]);
    expect(lacking({ ...wire, accountNumber: '00123456', routingNumber: '021000021' })).toEqual([]);
  });

  test('a check needs a payee, PayPal an account', () => {
    expect(lacking({ paymentMethod: 'check' })).toEqual(['accountHolder']);
    expect(lacking({ paymentMethod: 'check', accountHolder: 'Acme' })).toEqual([]);
    expect(lacking({ paymentMethod: 'paypal', accountHolder: 'Acme' })).toEqual(['accountNumber']);
    expect(lacking({ paymentMethod: 'paypal', accountNumber: 'pay@example.com' })).toEqual([]);
  });

  test('no details, or no method, is not enough; another method may be asked for', () => {
    expect(missingForPayment(null)).toEqual([
      { path: 'bankingDetails', message: 'The banking details are missing.' },
    ]);
    expect(lacking({ accountHolder: 'Acme' })).toEqual(['paymentMethod']);
    const transfer = { ...none, paymentMethod: 'bank_transfer', accountHolder: 'Acme' } as const;
    expect(missingForPayment(transfer, 'check')).toEqual([]);
  });

  test('more details never make a payment lack more', () => {
    const complete: BankingDetails = {
      bankName: 'Commerzbank',
      accountHolder: 'Acme',
      accountNumber: '00123456',
      accountType: 'checking',
      routingNumber: '021000021',
      iban: 'DE89370400440532013000',
      swift: 'COBADEFF',
      currency: 'EUR',
      paypalEmail: 'pay@example.com',
      paymentMethod: 'wire',
    };
    const some = fc.subarray([...bankingFields]);
    fc.assert(
      fc.property(
        some,
        fc.constantFrom(...bankingFields),
        fc.constantFrom(...paymentMethods),
        (fields, added, method) => {
          const withFields = (names: readonly string[]): BankingDetails => ({
            ...none,
            ...Object.fromEntries(Object.entries(complete).filter(([name]) => names.includes(name))),
          });
          const before = missingForPayment(withFields(fields), method).length;
          expect(missingForPayment(withFields([...fields, added]), method).length).toBeLessThanOrEqual(
            before,
          );
        },
      ),
    );
    for (const method of paymentMethods) expect(missingForPayment(complete, method)).toEqual([]);
  });
});

describe('maskAccount', () => {
  test.each([
    ['DE89370400440532013000', '•••• 3000'],
    ['DE89 3704 0044 0532 0130 00', '•••• 3000'],
    ['123456789', '•••• 6789'],
    ['12345678', '•••• 5678'],
    ['1234567', '••••'],
    ['', '••••'],
    ['pay@example.com', '•••• @example.com'],
  ])('%s is shown as %s', (account, masked) => {
    expect(maskAccount(account)).toBe(masked);
  });

  test('never shows more than the last four characters, nor how many there are', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{4,34}$/), (account) => {
        const masked = maskAccount(account);
        expect(masked.length).toBeLessThanOrEqual(9);
        expect(['••••', `•••• ${account.slice(-4)}`]).toContain(masked);
      }),
    );
  });

  test('of the details only account number, IBAN and PayPal address are masked', () => {
    const details: BankingDetails = {
      bankName: 'Commerzbank',
      accountHolder: 'Acme',
      accountNumber: '0532013000',
      accountType: 'checking',
      routingNumber: '021000021',
      iban: 'DE89370400440532013000',
      swift: 'COBADEFF',
      currency: 'EUR',
      paypalEmail: 'pay@example.com',
      paymentMethod: 'wire',
    };
    expect(maskBankingDetails(details)).toEqual({
      ...details,
      accountNumber: '•••• 3000',
      iban: '•••• 3000',
      paypalEmail: '•••• @example.com',
    });
    expect(maskBankingDetails(none)).toEqual(none);
  });
});
