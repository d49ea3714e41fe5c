export function findChromium(): string | undefined;
export function checkReport(file: string, executablePath: string, documents: unknown[]): Promise<string[]>;
