import { leadDataFields } from '#domain/lead-data.ts';

/** What a column may feed: a field of the lead's data, or one of the lead itself. */
export const importFields = [
  ...leadDataFields,
  'estimatedValue',
  'sourceCode',
  'projectId',
  'campaignId',
] as const;
export type ImportField = (typeof importFields)[number];

/**
 * A name without case, spaces, punctuation and accents: "E-Mail", "e_mail" and "EMAIL" are one name, "Straße" and
 * "Strasse" too.
 */
export function normalizeName(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Names that mean a field and nothing else: English, German, French, Spanish, Italian, Dutch. Normalised. */
const aliases: Record<ImportField, string> = {
  firstName: 'forename givenname vorname prenom nombredepila voornaam',
  lastName:
    'surname familyname nachname familienname zuname nomdefamille apellido apellidos cognome achternaam familienaam',
  email:
    'emailaddress mail mailaddress emailadresse mailadresse courriel adresseemail adressemail adresseelectronique ' +
    'correo correoelectronico direcciondecorreo postaelettronica indirizzoemail emailadres mailadres workemail ' +
    'contactemail leademail',
  phone:
    'phonenumber telephone telephonenumber tel telno telefon telefonnummer telefonnr rufnummer numerodetelephone ' +
    'telefono numerodetelefono numeroditelefono telefoon telefoonnummer contactphone leadphone',
  company:
    'companyname organization organisation organizationname organisationname firma firmenname unternehmen societe ' +
    'entreprise nomdelentreprise raisonsociale empresa nombredelaempresa compania azienda societa ditta ' +
    'nomeazienda bedrijf bedrijfsnaam firmanaam',
  industry: 'sector branche wirtschaftszweig secteur secteurdactivite industria settore bedrijfstak',
  jobTitle:
    'position jobposition jobrole berufsbezeichnung stellenbezeichnung funktion poste fonction intituleduposte ' +
    'cargo puesto ruolo posizione mansione functie functietitel functiebenaming',
  address:
    'streetaddress street addressline1 address1 adresse anschrift strasse strassehausnummer strasseundhausnummer rue ' +
    'direccion calle domicilio indirizzo via adres straat straatnaam',
  city: 'town stadt ort wohnort ville localite ciudad localidad poblacion citta comune stad plaats woonplaats',
  state: 'province region stateprovince county bundesland kanton provincia estado regione provincie',
  country: 'countrycode land landercode pays codepays pais paese nazione landcode',
  zipCode:
    'zip postalcode postcode plz postleitzahl codepostal cp codigopostal cap codicepostale codicediavviamentopostale',
  leadType: 'leadart leadtyp typedelead typedeprospect tipodelead tipodilead tipolead leadsoort soortlead',
  budgetRange:
    'budget budgetrahmen presupuesto fourchettebudgetaire rangodepresupuesto fasciadibudget budgetklasse',
  timelineDays:
    'timeline daystodecision decisiondays zeitrahmen zeitrahmentage zeitrahmenintagen entscheidungintagen ' +
    'delaijours delaienjours plazodias plazoendias giorni tempisticagiorni termijndagen termijnindagen',
  interestAreas:
    'interests areasofinterest interessen interessengebiete interets centresdinteret intereses areasdeinteres ' +
    'interessi areediinteresse interesses interessegebieden',
  additionalInfo:
    'additionalinformation notes note comment comments remarks bemerkung bemerkungen notiz notizen kommentar ' +
    'anmerkungen zusatzinfo remarques commentaire commentaires informationscomplementaires notas comentarios ' +
    'observaciones commenti osservazioni opmerking opmerkingen toelichting',
  estimatedValue:
    'estimateddealvalue expectedvalue geschatzterwert schatzwert valeurestimee valorestimado valorestimato ' +
    'geschattewaarde',
  sourceCode:
    'quellcode quellencode codesource codigodeorigen codigodefuente codicefonte codiceorigine broncode',
  projectId:
    'project projectcode projekt projektid projektnummer projet idprojet proyecto idproyecto progetto idprogetto',
  campaignId:
    'campaign campaigncode kampagne kampagnenid campagne idcampagne campana idcampana campagna idcampagna ' +
    'campagneid',
};

/**
 * Names that may mean a field: taken only where no column of a better name feeds it, and, with `besides`, only in a
 * file that has that other field too ("Nom" is the last name beside "Prénom", and perhaps both names without it).
 */
const hints: readonly { names: string; field: ImportField; besides: ImportField | null }[] = [
  {
    names:
      'mobile mobilephone mobilenumber cell cellphone mobil mobiltelefon mobilnummer handy handynummer portable movil ' +
      'cellulare mobiel mobielnummer gsm',
    field: 'phone',
    besides: null,
  },
  { names: 'name nom naam', field: 'lastName', besides: 'firstName' },
  { names: 'nombre nome', field: 'firstName', besides: 'lastName' },
  { names: 'title role beruf', field: 'jobTitle', besides: null },
  { names: 'type', field: 'leadType', besides: null },
  { names: 'value dealvalue wert', field: 'estimatedValue', besides: null },
];

/** How surely a name means a field: 0 is the field's own name, 1 another word for it, 2 a hint. */
export interface Meaning {
  field: ImportField;
  certainty: 0 | 1 | 2;
  besides: ImportField | null;
}

const named: readonly (readonly [name: string, meaning: Meaning])[] = [
  ...hints.flatMap(({ names, field, besides }) =>
    names.split(' ').map((name): [string, Meaning] => [name, { field, certainty: 2, besides }]),
  ),
  ...importFields.flatMap((field) =>
    aliases[field]
      .split(' ')
      .map((name): [string, Meaning] => [name, { field, certainty: 1, besides: null }]),
  ),
  ...importFields.map((field): [string, Meaning] => [
    normalizeName(field),
    { field, certainty: 0, besides: null },
  ]),
];

const meanings: ReadonlyMap<string, Meaning> = new Map(named);

/** What the name of a column means; null if it means nothing here. "Phone (2)", a repeated name, means "Phone". */
export function meaningOf(columnName: string): Meaning | null {
  const name = normalizeName(columnName.replace(/ \(\d+\)$/, ''));
  return meanings.get(name) ?? meanings.get(name.replace(/^leaddata/, '')) ?? null;
}

/** Every name with what it means, one that is listed twice twice: a test asks that none is, and each normalised. */
export const columnNames: readonly string[] = named.map(([name]) => name);
