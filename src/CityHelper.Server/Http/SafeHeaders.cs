namespace CityHelper.Server.Http;

/// <summary>Headers of every answer, whichever endpoint or middleware makes it.</summary>
internal static class SafeHeaders
{
    /// <summary>
    /// Browsers take an answer for what its type says, and never guess: text that somebody else wrote, such as the description of a
    /// request, is not run as a page or a script (<c>X-Content-Type-Options</c>, Fetch standard 3.6).
    /// </summary>
    public static void UseSafeHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // When the answer starts: whoever clears its headers to send an error would clear this one too.
        http.Response.OnStarting(
            static response =>
            {
                ((HttpResponse)response).Headers.XContentTypeOptions = "nosniff";
                return Task.CompletedTask;
            },
            http.Response);
        return next(http);
    });
}
