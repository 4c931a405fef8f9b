namespace CityHelper.Server.Http;

/// <summary>Sets headers of every response, whichever endpoint or middleware makes it.</summary>
internal static class SafeHeaders
{
    /// <summary>
    /// Stops browsers from guessing a response's type: text that others wrote, such as the description of a request, is not run as a page
    /// or a script (<c>X-Content-Type-Options</c>, Fetch standard 3.6).
    /// </summary>
    public static void UseSafeHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // Set when the response starts: clearing the headers to send an error would clear this one too.
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
