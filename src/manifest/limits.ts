/** Every number that decides whether a manifest is accepted, once: the schema, the rules and the reference page read them here. */
export const limits = {
  nameLengthMax: 54,
  hostNameLengthMax: 63,
  /** As long as the longest name `create` gives: the written one with its suffix. */
  baseLengthMax: 63,
  titleLengthMin: 5,
  titleLengthMax: 120,
  descriptionLengthMax: 500,
  markdownLengthMax: 100_000,
  coverLengthMax: 2000,
  categoriesMax: 20,
  categoryLengthMax: 50,
  networksMax: 16,
  subnetPrefixMin: 8,
  subnetPrefixMax: 30,
  machinesMax: 5,
  usersMax: 50,
  interfacesMax: 8,
  drivesMax: 24,
  driveMiBMin: 1024,
  driveMiBMax: 100 * 1024,
  drivesTotalMiBMax: 240 * 1024,
  ramMiBMin: 128,
  ramMiBComfortable: 512,
  welcomeBytesMax: 16 * 1024,
  /** Of a path in the guest, as Linux counts: without the final NUL. */
  pathBytesMax: 4095,
  pathComponentBytesMax: 255,
  startupFilesMax: 10,
  startupFileBytesMax: 256 * 1024,
  tabsMax: 10,
  /** Of a tab's name and of its id. */
  tabTextLengthMax: 120,
  /** Of a tab's url and of its pathRewrite. */
  tabAddressLengthMax: 2000,
  portMax: 65_535,
  tasksMax: 100,
  taskRunBytesMax: 64 * 1024,
  taskTimeoutSecondsMax: 86_400,
  taskNeedsMax: 100,
  taskConditionsMax: 20,
  initConditionsMax: 20,
  initConditionOptionsMax: 100,
  initConditionKeyLengthMax: 64,
  initConditionValueLengthMax: 1024,
  validationRegexLengthMax: 512,
  /** In each of the three lists. */
  principalsMax: 200,
  portForwardsMax: 50,
  /** A source above this size is refused before it is parsed. */
  sourceBytesMax: 1024 * 1024,
  nestingMax: 32,
  aliasesMax: 100,
  /** Values in the whole document after aliases are expanded; real manifests have a few hundred. */
  valuesMax: 20_000,
  /** Findings of one severity that are reported one by one. */
  findingsMax: 500,
} as const;

/** What a manifest may leave to the platform; planning fills these in, stored manifests do not carry them. */
export const defaults = {
  kernel: "6.1",
  rootDriveSize: "10GiB",
  extraDriveSize: "5GiB",
  filesystem: "ext4",
  taskUser: "root",
  taskTimeoutSeconds: 60,
  fileOwner: "0:0",
  fileMode: "644",
  tabKind: "terminal",
  tabAccess: "private",
} as const;
