using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Cities;
using GraphQL.Types;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Subscription.onServiceRequestChanged</c> and <c>Subscription.onServiceRequestUpdated</c>.</summary>
internal static class ServiceRequestSubscriptions
{
    /// <summary>What the change log tells of requests. <c>ChangedRows</c> gives the values in the order of the columns.</summary>
    /// <param name="database">The tables.</param>
    /// <param name="areas">The boundaries.</param>
    public static LoggedRows Rows(DatabaseModel database, IAreaDirectory areas)
    {
        EntityMap requests = database.Entity(typeof(ServiceRequest));
        EntityMap categories = database.Entity(typeof(Category));
        EntityMap agencies = database.Entity(typeof(Agency));
        return new LoggedRows(
            new RowAccess(requests) { Grid = ServiceRequestQueries.Grid(areas) },
            [
                new LoggedColumn("status", requests.Column(nameof(ServiceRequest.Status))) { IsShown = true },
                new LoggedColumn("category", requests.Column(nameof(ServiceRequest.CategoryId)))
                {
                    Reference = new LoggedReference(categories, categories.Column(nameof(Category.Code))),
                },
                new LoggedColumn("agency", requests.Column(nameof(ServiceRequest.AgencyId)))
                {
                    Reference = new LoggedReference(agencies, agencies.Column(nameof(Agency.Code))),
                },
            ]);
    }

    public static void AddTo(IObjectGraphType subscription, LoggedRows rows, ITenantDirectory cities)
    {
        var fields = new SubscriptionFields(subscription, rows, typeof(ServiceRequestType), cities);
        fields.RowsChanged(
            "onServiceRequestChanged",
            new TenantArgument("city", cities),
            CityQueries.CityDescription,
            "The changes of a city's requests, one event for each. The first event says whether any were missed since `after`.");
        fields.RowUpdated(
            "onServiceRequestUpdated",
            "The changes of one request. The first event says whether any were missed since `after`.");
    }
}
