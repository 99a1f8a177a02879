-- CreateTable
CREATE TABLE "Session" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL,
    "expiresAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

-- Only for prismaUsers.
-- CreateTable
CREATE TABLE "SessionEntry" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "user" TEXT NOT NULL,
    "handle" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "retired" BOOLEAN NOT NULL DEFAULT false
);

-- CreateIndex
CREATE INDEX "SessionEntry_user_at_idx" ON "SessionEntry"("user", "at");

-- CreateIndex
CREATE INDEX "SessionEntry_expiresAt_idx" ON "SessionEntry"("expiresAt");
