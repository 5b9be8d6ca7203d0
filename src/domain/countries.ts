/** Which country a person means, whichever way it was written; used to complete national phone numbers. */

// Alpha-2 and alpha-3 of ISO 3166-1, run together, and Kosovo under the code that phone and address data use for it.
// Intl knows the names of countries but not their alpha-3 codes.
const CODES =
  'ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH ' +
  'BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT ' +
  'BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB ' +
  'CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ' +
  'ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB ' +
  'GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ' +
  'ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM ' +
  'KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY ' +
  'MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT ' +
  'MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU ' +
  'NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT ' +
  'REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR ' +
  'SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS ' +
  'TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN ' +
  'VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM XKXKX YEYEM YTMYT ZAZAF ZMZMB ZWZWE';

const alpha2Codes: ReadonlySet<string> = new Set(CODES.split(' ').map((pair) => pair.slice(0, 2)));

/** Names in use that Intl does not have in English, as `fold` leaves them. */
const otherNames: Readonly<Record<string, string>> = {
  'united states of america': 'US',
  'great britain': 'GB',
  britain: 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  'republic of ireland': 'IE',
  holland: 'NL',
  'czech republic': 'CZ',
  'slovak republic': 'SK',
  turkey: 'TR',
  'russian federation': 'RU',
  'republic of korea': 'KR',
  korea: 'KR',
  'peoples republic of china': 'CN',
  'viet nam': 'VN',
  uae: 'AE',
  'ivory coast': 'CI',
  macedonia: 'MK',
  macau: 'MO',
  swaziland: 'SZ',
  'cabo verde': 'CV',
  'east timor': 'TL',
  vatican: 'VA',
  'democratic republic of congo': 'CD',
  'republic of congo': 'CG',
};

// Built on first use: the host needs them at once in an import, the command line may never.
let codesByName: Map<string, string> | undefined;
let codesById: Map<string, string> | undefined;

/**
 * The ISO 3166 alpha-2 code of a country given as alpha-2 or alpha-3 in any case, by its English name or by its name in
 * its own main language ("de", "DEU", "Germany", "Deutschland"). Accents, "the", "&" and punctuation don't matter.
 * @returns undefined where no country, or more than one, can be meant
 */
export function countryCode(text: string): string | undefined {
  if (text.length > 100) return undefined;
  codesById ??= new Map(
    CODES.split(' ').flatMap((pair) => [
      [pair.slice(0, 2), pair.slice(0, 2)],
      [pair.slice(2), pair.slice(0, 2)],
    ]),
  );
  const name = fold(text);
  return codesById.get(name.toUpperCase()) ?? countryNames().get(name);
}

/** The names are gathered at the first call, which takes some 10 ms: who has others to think of asks for them beforehand. */
export function countryNames(): ReadonlyMap<string, string> {
  codesByName ??= readNames();
  return codesByName;
}

/** Whether `value` is an ISO 3166 alpha-2 code in capitals. */
export function isCountryCode(value: unknown): value is string {
  return typeof value === 'string' && alpha2Codes.has(value);
}

function readNames(): Map<string, string> {
  const names = new Map(Object.entries(otherNames));
  const add = (name: string | undefined, code: string): void => {
    // The first one stays: an English name is never taken over by another country's own name for itself.
    if (name !== undefined && !names.has(fold(name))) names.set(fold(name), code);
  };
  const english = (['long', 'short'] as const).map(
    (style) => new Intl.DisplayNames(['en'], { type: 'region', style, fallback: 'none' }),
  );
  for (const code of alpha2Codes) {
    for (const display of english) add(display.of(code), code);
    const [, outside, inside] = /^(.+) \((.+)\)/.exec(english[0]?.of(code) ?? '') ?? [];
    add(outside, code);
    add(inside, code);
  }
  for (const code of alpha2Codes) {
    const { language } = new Intl.Locale(`und-${code}`).maximize();
    add(new Intl.DisplayNames([language], { type: 'region', fallback: 'none' }).of(code), code);
  }
  return names;
}

/** A name without what spelling differs in: case, accents, punctuation, a leading "the", "and" or "&", "St." or "Saint". */
function fold(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .replaceAll(/[\s-]+/gu, ' ')
    .trim()
    .replace(/^the /, '')
    .replaceAll(/\bsaint\b/g, 'st');
}
