using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.ServiceRequests;

/// <summary>
/// <c>ServiceRequest.possibleDuplicates</c> and <c>Query.duplicateCandidates</c>: one request in five repeats an earlier one.
/// </summary>
internal static class PossibleDuplicates
{
    public static void AddTo(QueryFields query, ConnectionRows requests, TenantArgument city, string cityDescription)
    {
        Similarity by = Similarity(query, requests);

        // Neither has a cache policy: the first inherits its request's, the second moves with the clock.
        query.Similar(
            new SimilarRowType("PossibleDuplicate", "A request that may be about the same thing as another.", requests.Row),
            by,
            (
                "possibleDuplicates",
                "Requests of the same category near it, made some days before or after it: best first, then nearest, then newest. "
                    + "None for a request without a location."),
            (
                "duplicateCandidates",
                "Requests of a category near a place that may be what somebody is about to report: those that are still open, or were "
                    + $"made in the last {Engine.Limits.SimilarLatelyDays} days. Best first, then nearest, then newest. By POST only."),
            new SimilarToDraftBinding(by, city, "category", code => new CategoryNotFoundError(code)),
            (cityDescription, "The category's code, such as `noise-residential`."));
    }

    // The indexes on cells include category and status (0003_filters_and_orders.sql); the functions are in 0001 and 0006_nearest.sql.
    private static Similarity Similarity(QueryFields query, ConnectionRows requests)
    {
        EntityMap request = query.Entity<ServiceRequest>();
        EntityMap category = query.Entity<Category>();
        return new Similarity(
            requests.Access,
            requests.Row,
            request.Column(nameof(ServiceRequest.CategoryId)).Name,
            category,
            category.Column(nameof(Category.Code)),
            [request.Column(nameof(ServiceRequest.Title)).Name, request.Column(nameof(ServiceRequest.Description)).Name],
            request.Column(nameof(ServiceRequest.Status)),
            OpenStatuses.Labels,
            (point, metres) => $"public.cells_around({point}, {metres}, {requests.Access.Grid!.Levels[^1].Zoom})",
            moment => $"public.id_floor({moment})");
    }
}
