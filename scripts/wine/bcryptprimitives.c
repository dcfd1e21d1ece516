/* Debian's Wine lacks the one function of this DLL that every Go program calls. */
#include <windows.h>
#include <ntsecapi.h>

BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
	return RtlGenRandom(data, (ULONG)size); /* SystemFunction036 of advapi32 */
}
