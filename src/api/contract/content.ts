import { z } from "zod";

const name = z.string().min(1).max(100);
const file = z.string().min(1).max(1000);

/** Which playground's files; other kinds of content do not exist here and are refused with their name. */
export const contentQuerySchema = z.object({ kind: z.string().max(50), name });

export const contentFileRefSchema = contentQuerySchema.extend({ file });

export const putContentMarkdownBodySchema = contentFileRefSchema.extend({ content: z.string() });

/** A file that accompanies a playground; `digest` is its MD5 in hex, by which clients see what has changed. */
export const contentFileSchema = z.object({ path: z.string(), digest: z.string() }).meta({ id: "ContentFile" });
export type ContentFileJson = z.infer<typeof contentFileSchema>;

/** Where to PUT the bytes. The address holds its own credential and works for some minutes. */
export const contentUploadSchema = z.object({ uploadUrl: z.string() }).meta({ id: "ContentUpload" });
export type ContentUpload = z.infer<typeof contentUploadSchema>;
