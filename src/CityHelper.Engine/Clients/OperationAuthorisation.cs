using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Clients;

/// <summary>An operation that a client may run, or the errors why not.</summary>
/// <param name="Operation">The operation; null when refused.</param>
/// <param name="Errors">The errors of the refusal.</param>
internal sealed record Authorisation(Operation? Operation, IReadOnlyList<RequestError> Errors)
{
    /// <summary>
    /// The cost limit: the client's for a text, a multiple of the cost with the usual variables for a published operation.
    /// </summary>
    public CostLimit? Limit { get; init; }

    /// <summary>Whether it is published.</summary>
    public bool IsPublished { get; init; }

    /// <summary>What the response says about registration (<c>extensions.persistedQuery</c>); null for nothing.</summary>
    public IReadOnlyDictionary<string, object>? Persisted { get; init; }

    /// <summary>The text to register once the operation has passed all checks; null for none.</summary>
    public PendingRegistration? Registration { get; init; }

    public static Authorisation Refused(RequestError error) => new(null, [error]);
}

/// <summary>A text that a client registers.</summary>
/// <param name="Hash">Its SHA-256.</param>
/// <param name="Text">The document.</param>
/// <param name="IsCounted">Whether it is within the client's quota; otherwise it runs and is not stored.</param>
internal sealed record PendingRegistration(string Hash, string Text, bool IsCounted);

/// <summary>
/// The only place that decides which operation a request runs: every transport asks it. Every client may run published operations; its mode
/// says what else it may send.
/// </summary>
public sealed class OperationAuthorisation(
    OperationRegistry operations, RegisteredOperations registered, ILogger<OperationAuthorisation> logger)
{
    /// <summary>Finds or compiles the operation of a request.</summary>
    internal async ValueTask<Authorisation> AuthoriseAsync(OperationRequest request, ClientProfile client, CancellationToken cancellation)
    {
        // An empty text beside an id counts as no text.
        string? name = Given(request.OperationName);
        if (Given(request.Query) is not { } text)
        {
            return (Given(request.Id), Given(request.Hash)) switch
            {
                ({ } id, _) => await ByIdAsync(id, name, client, new OperationUnknownError(id), cancellation),
                (_, { } hash) => await ByIdAsync(hash, name, client, new PersistedQueryNotFoundError(), cancellation),
                _ => Authorisation.Refused(new OperationMissingError()),
            };
        }

        return Given(request.Hash) is { } sent
            ? await ByTextAndHashAsync(text, sent, name, client, cancellation)
            : await ByTextAsync(text, name, client, ClientMode.FreeText, cancellation);
    }

    private async ValueTask<Authorisation> ByIdAsync(
        string id, string? name, ClientProfile client, RequestError unknown, CancellationToken cancellation)
    {
        FoundOperation published = await operations.FindAsync(id, cancellation);
        if (published.Operation is { } operation)
        {
            // A name in the URL must match the operation's name: it identifies the operation in logs and caches.
            return name is not null && name != operation.Name
                ? Authorisation.Refused(new OperationNameUnknownError(name) { Status = StatusCodes.Status400BadRequest })
                : new Authorisation(operation, []) { Limit = published.Limit, IsPublished = true };
        }

        if (published.Errors is not [OperationUnknownError])
        {
            return new Authorisation(null, ErrorsFor(client, published.Errors));
        }

        // A client of PersistedOnly runs published operations only, even if another client has registered the text.
        return (client.Mode != ClientMode.PersistedOnly || client.LogOnly) && await registered.FindAsync(id, cancellation) is { } text
            ? await ByTextAsync(text, name, client, ClientMode.Registration, cancellation)
            : Authorisation.Refused(unknown);
    }

    private async ValueTask<Authorisation> ByTextAsync(
        string text, string? name, ClientProfile client, ClientMode needed, CancellationToken cancellation)
    {
        if (Forbids(client, needed))
        {
            return Authorisation.Refused(new OperationNotAllowedError());
        }

        if (client.Mode < needed)
        {
            LogMessages.NotAllowedButDone(
                logger, client.Name, client.Mode.ToString(), "send the text of", name ?? "anonymous", OperationCompiler.IdOf(text));
        }

        return await CompileAsync(text, name, client, cancellation);
    }

    private async ValueTask<Authorisation> ByTextAndHashAsync(
        string text, string sent, string? name, ClientProfile client, CancellationToken cancellation)
    {
        string hash = OperationCompiler.IdOf(text);
        if (hash == sent && await operations.FindAsync(hash, cancellation) is { Operation: not null } published)
        {
            return new Authorisation(published.Operation, []) { Limit = published.Limit, IsPublished = true };
        }

        if (Forbids(client, ClientMode.Registration))
        {
            return Authorisation.Refused(new OperationNotAllowedError());
        }

        // Counted before compilation, and with a wrong hash too: the quota bounds what is compiled, not only what is stored.
        bool isCounted = client.Mode == ClientMode.FreeText || await IsWithinQuotaAsync(client, hash, cancellation);
        if (!isCounted)
        {
            if (!client.LogOnly)
            {
                return Authorisation.Refused(new RegistrationQuotaExceededError(client.RegistrationsPerDay));
            }

            LogMessages.NotAllowedButDone(
                logger, client.Name, client.Mode.ToString(), "register any more today, such as", name ?? "anonymous", hash);
        }

        Authorisation authorisation = await ByTextAsync(text, name, client, ClientMode.Registration, cancellation);
        if (authorisation.Operation is null)
        {
            return authorisation;
        }

        // With a wrong hash the text runs, and is stored under neither hash.
        return hash == sent
            ? authorisation with { Registration = new PendingRegistration(hash, text, isCounted) }
            : authorisation with { Persisted = WrongHash(sent, hash) };
    }

    /// <summary>
    /// Stores the text of an operation that may run with its variables, so that nobody fills the store with texts that never run.
    /// </summary>
    /// <returns>What the response says about it.</returns>
    internal async ValueTask<IReadOnlyDictionary<string, object>> RegisterAsync(
        ClientProfile client, PendingRegistration registration, CancellationToken cancellation)
    {
        bool isKept =
            registration.IsCounted && await registered.TryRegisterAsync(client, registration.Hash, registration.Text, cancellation);
        return new Dictionary<string, object> { ["sha256Hash"] = registration.Hash, ["persisted"] = isKept };
    }

    // A registered text was counted at its registration, perhaps against another client's quota.
    private async ValueTask<bool> IsWithinQuotaAsync(ClientProfile client, string hash, CancellationToken cancellation) =>
        await registered.FindAsync(hash, cancellation) is not null || await registered.TryCountAsync(client, hash, cancellation);

    private static bool Forbids(ClientProfile client, ClientMode needed) => client.Mode < needed && !client.LogOnly;

    private async ValueTask<Authorisation> CompileAsync(string text, string? name, ClientProfile client, CancellationToken cancellation)
    {
        CompiledOperation compiled = await operations.CompileAsync(text, name, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return new Authorisation(null, ErrorsFor(client, compiled.Errors));
        }

        if (operation.IntrospectionField is { } field && client.Mode != ClientMode.FreeText)
        {
            if (!client.LogOnly)
            {
                return Authorisation.Refused(new IntrospectionNotAllowedError(field));
            }

            LogMessages.NotAllowedButDone(
                logger, client.Name, client.Mode.ToString(), "look at the schema with", name ?? "anonymous", OperationCompiler.IdOf(text));
        }

        return new Authorisation(operation, []) { Limit = client.CostLimit };
    }

    /// <summary>The errors as the client may read them: without names of the schema if it may not read the schema.</summary>
    internal static IReadOnlyList<RequestError> ErrorsFor(ClientProfile client, IReadOnlyList<RequestError> errors) =>
        client.MayReadSchema ? errors : [.. errors.Select(EngineErrors.WithoutSuggestion)];

    private static Dictionary<string, object> WrongHash(string sent, string hash) => new()
    {
        ["sha256Hash"] = sent,
        ["expectedHashValue"] = hash,
        ["expectedHashType"] = "sha256Hash",
        ["expectedHashFormat"] = "Hex",
        ["persisted"] = false,
    };

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
