-- CreateTable
CREATE TABLE "Session" (
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

-- Only for prismaUsers.
-- CreateTable
CREATE TABLE "SessionEntry" (
    "key" TEXT NOT NULL,
    "user" TEXT NOT NULL,
    "handle" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "retired" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "SessionEntry_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "SessionEntry_user_at_idx" ON "SessionEntry"("user", "at");

-- CreateIndex
CREATE INDEX "SessionEntry_expiresAt_idx" ON "SessionEntry"("expiresAt");
