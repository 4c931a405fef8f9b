using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>
/// <c>@cacheControl</c>: HotChocolate's directive, without the arguments that no field of ours uses, and with
/// <c>staleWhileRevalidate</c> and <c>staleIfError</c> (docs/decisions/0019).
/// </summary>
public sealed class CacheControlDirective : Directive
{
    public const string DirectiveName = "cacheControl";

    public CacheControlDirective()
        : base(
            DirectiveName,
            DirectiveLocation.Object,
            DirectiveLocation.FieldDefinition,
            DirectiveLocation.Interface,
            DirectiveLocation.Union)
    {
        Description = "How long an answer that holds the field may be kept. The lowest of an answer's fields counts.";
        Arguments = new QueryArguments(
            new QueryArgument<IntGraphType> { Name = "maxAge", Description = "Seconds that any cache may keep it." },
            new QueryArgument<IntGraphType>
            {
                Name = "staleWhileRevalidate",
                Description = "Seconds that a cache may go on serving it while it asks again (RFC 5861).",
            },
            new QueryArgument<IntGraphType>
            {
                Name = "staleIfError",
                Description = "Seconds that a cache may go on serving it while the server fails (RFC 5861).",
            });
    }
}

/// <summary>The cache policy of a field, from <c>@cacheControl</c>, or of a response.</summary>
/// <param name="MaxAgeSeconds">Zero: not cached.</param>
/// <param name="StaleWhileRevalidateSeconds">Zero: never served stale while it is asked again.</param>
/// <param name="StaleIfErrorSeconds">Zero: never served stale while the server fails.</param>
public sealed record CachePolicy(int MaxAgeSeconds, int StaleWhileRevalidateSeconds, int StaleIfErrorSeconds = 0)
{
    private const string MetadataKey = "CityHelper.CachePolicy";

    /// <summary>The policy of root fields without <c>@cacheControl</c>, and of responses with errors.</summary>
    public static CachePolicy None { get; } = new(0, 0);

    /// <summary>The value of the <c>Cache-Control</c> header.</summary>
    /// <remarks>
    /// Without <c>stale-if-error</c> CloudFront serves an expired copy for as long as the origin is away, so it is always there.
    /// </remarks>
    public string Header => MaxAgeSeconds == 0
        ? "no-store"
        : $"public, max-age={MaxAgeSeconds}"
            + (StaleWhileRevalidateSeconds == 0 ? "" : $", stale-while-revalidate={StaleWhileRevalidateSeconds}")
            + $", stale-if-error={StaleIfErrorSeconds}";

    /// <summary>The policy of a response that holds both.</summary>
    public CachePolicy And(CachePolicy other) => MaxAgeSeconds == 0 || other.MaxAgeSeconds == 0 ? None : new(
        Math.Min(MaxAgeSeconds, other.MaxAgeSeconds),
        Math.Min(StaleWhileRevalidateSeconds, other.StaleWhileRevalidateSeconds),
        Math.Min(StaleIfErrorSeconds, other.StaleIfErrorSeconds));

    internal static CachePolicy? Of(FieldType field) => field.GetMetadata<CachePolicy?>(MetadataKey);

    internal void AttachTo(FieldType field)
    {
        field.WithMetadata(MetadataKey, this);
        field.ApplyDirective(CacheControlDirective.DirectiveName, directive =>
        {
            directive.AddArgument(new DirectiveArgument("maxAge") { Value = MaxAgeSeconds });
            directive.AddArgument(new DirectiveArgument("staleWhileRevalidate") { Value = StaleWhileRevalidateSeconds });
            if (StaleIfErrorSeconds > 0)
            {
                directive.AddArgument(new DirectiveArgument("staleIfError") { Value = StaleIfErrorSeconds });
            }
        });
    }
}

/// <summary>Sets cache policies where fields are declared.</summary>
public static class CachePolicyExtensions
{
    /// <summary>Lets any cache keep responses with the field, and serve them stale for a further time.</summary>
    public static FieldType CacheFor(
        this FieldType field, int maxAgeSeconds, int staleWhileRevalidateSeconds, int staleIfErrorSeconds = 0)
    {
        new CachePolicy(maxAgeSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds).AttachTo(field);
        return field;
    }
}
