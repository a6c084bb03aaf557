import { config } from "zod";

// Compiling checks at run time needs eval, which the page's policy forbids. Import this before any schema.
config({ jitless: true });
