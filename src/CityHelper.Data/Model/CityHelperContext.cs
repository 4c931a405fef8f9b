using Microsoft.EntityFrameworkCore;

namespace CityHelper.Data.Model;

/// <summary>The EF Core model of the database. The numbered SQL migrations own the DDL; a test compares the two.</summary>
public sealed class CityHelperContext(DbContextOptions<CityHelperContext> options) : DbContext(options)
{
    public DbSet<City> Cities => Set<City>();

    public DbSet<Agency> Agencies => Set<Agency>();

    public DbSet<Category> Categories => Set<Category>();

    public DbSet<ServiceRequest> ServiceRequests => Set<ServiceRequest>();

    public DbSet<StatusUpdate> StatusUpdates => Set<StatusUpdate>();

    public DbSet<ServiceRequestCount> ServiceRequestCounts => Set<ServiceRequestCount>();

    public DbSet<ServiceRequestClosingCount> ServiceRequestClosingCounts => Set<ServiceRequestClosingCount>();

    public DbSet<ServiceRequestDelta> ServiceRequestDeltas => Set<ServiceRequestDelta>();

    public DbSet<ServiceRequestBoundaryMonth> ServiceRequestBoundaryMonths => Set<ServiceRequestBoundaryMonth>();

    public DbSet<ServiceRequestBoundaryCount> ServiceRequestBoundaryCounts => Set<ServiceRequestBoundaryCount>();

    public DbSet<ServiceRequestPack> ServiceRequestPacks => Set<ServiceRequestPack>();

    public DbSet<Boundary> Boundaries => Set<Boundary>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasPostgresExtension("postgis");
        modelBuilder.HasPostgresEnum<ServiceRequestStatus>("service_request_status", nameTranslator: StatusLabels.Translator);
        modelBuilder.HasPostgresEnum<CountSpan>("count_span", nameTranslator: StatusLabels.Translator);

        modelBuilder.Entity<City>(city =>
        {
            city.ToTable("city");
            city.Property(c => c.Id).ValueGeneratedNever();
            city.HasIndex(c => c.Slug).IsUnique();
            city.Property(c => c.Bounds).HasColumnType("geometry(Polygon,4326)");
            city.Property(c => c.Centre).HasColumnType("geometry(Point,4326)");
            city.Property(c => c.CountedAt).HasColumnType("timestamp(3) with time zone").HasDefaultValueSql("now()");
            city.Property(c => c.PackedAt).HasColumnType("timestamp(3) with time zone").HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<Agency>(agency =>
        {
            agency.ToTable("agency");
            agency.HasKey(a => new { a.CityId, a.Id });
            agency.Property(a => a.Id).ValueGeneratedNever();
            agency.HasIndex(a => new { a.CityId, a.Code }).IsUnique();
        });

        modelBuilder.Entity<Category>(category =>
        {
            category.ToTable("category");
            category.HasKey(c => new { c.CityId, c.Id });
            category.Property(c => c.Id).ValueGeneratedNever();
            category.HasIndex(c => new { c.CityId, c.Code }).IsUnique();
            category.HasOne(c => c.Agency).WithMany().HasForeignKey(c => new { c.CityId, c.AgencyId }).IsRequired(false);
        });

        modelBuilder.Entity<ServiceRequest>(request =>
        {
            request.ToTable("service_request");
            request.HasKey(r => new { r.CityId, r.Id });
            request.Property(r => r.Id).ValueGeneratedNever();
            request.Property(r => r.Location).HasColumnType("geometry(Point,4326)");
            request.Property(r => r.Cell12).HasColumnName("cell_12").HasComputedColumnSql("public.cell(location, 12)", stored: true);
            request.Property(r => r.Cell14).HasColumnName("cell_14").HasComputedColumnSql("public.cell(location, 14)", stored: true);
            request.Property(r => r.Cell16).HasColumnName("cell_16").HasComputedColumnSql("public.cell(location, 16)", stored: true);
            request.Property(r => r.Version).HasDefaultValue(1);
            request.HasOne(r => r.Category).WithMany().HasForeignKey(r => new { r.CityId, r.CategoryId });
            request.HasOne(r => r.Agency).WithMany().HasForeignKey(r => new { r.CityId, r.AgencyId }).IsRequired(false);
            request.HasMany(r => r.Updates).WithOne().HasForeignKey(u => new { u.CityId, u.ServiceRequestId });
            foreach (string moment in new[] { "CreatedAt", "UpdatedAt", "DueAt", "ClosedAt", "SourceCreatedAt", "RevisedAt", "RedactedAt" })
            {
                request.Property(moment).HasColumnType("timestamp(3) with time zone");
            }
        });

        modelBuilder.Entity<StatusUpdate>(update =>
        {
            update.ToTable("status_update");
            update.HasKey(u => new { u.CityId, u.ServiceRequestId, u.Id });
            update.Property(u => u.Id).ValueGeneratedNever();
            update.Property(u => u.CreatedAt).HasColumnType("timestamp(3) with time zone");
        });

        modelBuilder.Entity<ServiceRequestCount>(count =>
        {
            count.ToTable("service_request_count");
            count.HasKey(c => new { c.CityId, c.Zoom, c.Span, c.Cell, c.Period, c.CategoryId, c.AgencyId, c.Status });
        });

        modelBuilder.Entity<ServiceRequestClosingCount>(count =>
        {
            count.ToTable("service_request_closing_count");
            count.HasKey(c => new { c.CityId, c.Zoom, c.Span, c.Cell, c.Period, c.CategoryId, c.AgencyId, c.Status, c.Bucket });
        });

        modelBuilder.Entity<ServiceRequestDelta>(delta =>
        {
            delta.ToTable("service_request_delta");
            delta.HasKey(d => new { d.CityId, d.Id });
            delta.Property(d => d.Id).ValueGeneratedOnAdd().UseIdentityAlwaysColumn();
        });

        modelBuilder.Entity<ServiceRequestBoundaryMonth>(month =>
        {
            month.ToTable("service_request_boundary_month");
            month.HasKey(m => new { m.CityId, m.BoundaryId, m.Period });
        });

        modelBuilder.Entity<ServiceRequestBoundaryCount>(count =>
        {
            count.ToTable("service_request_boundary_count");
            count.HasKey(c => new { c.CityId, c.BoundaryId, c.Period, c.CategoryId, c.AgencyId, c.Status });
        });

        modelBuilder.Entity<ServiceRequestPack>(pack =>
        {
            pack.ToTable("service_request_pack");
            pack.HasKey(p => new { p.CityId, p.Cell, p.Slice });
        });

        AddBoundaries(modelBuilder);
    }

    private static void AddBoundaries(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Boundary>(boundary =>
        {
            boundary.ToTable("boundary");
            boundary.HasKey(b => new { b.CityId, b.Id });
            boundary.Property(b => b.Id).ValueGeneratedNever();
            boundary.HasIndex(b => new { b.CityId, b.Kind, b.Code }).IsUnique();
            boundary.Property(b => b.Geometry).HasColumnType("geometry(MultiPolygon,4326)");
            boundary
                .Property(b => b.Bounds)
                .HasColumnType("geometry(Polygon,4326)")
                .HasComputedColumnSql("public.st_envelope(geometry)", stored: true);
            boundary.Property(b => b.IsCounted).HasComputedColumnSql("public.boundary_cell_count(geometry) <= 100000", stored: true);
            boundary.HasMany(b => b.Outlines).WithOne().HasForeignKey(o => new { o.CityId, o.BoundaryId });
            boundary.HasMany(b => b.Parts).WithOne().HasForeignKey(p => new { p.CityId, p.BoundaryId });
        });

        modelBuilder.Entity<BoundaryOutline>(outline =>
        {
            outline.ToTable("boundary_outline");
            outline.HasKey(o => new { o.CityId, o.BoundaryId, o.Zoom });
            outline.Property(o => o.Zoom).ValueGeneratedNever();
            outline.Property(o => o.Geometry).HasColumnType("geometry(MultiPolygon,4326)");
        });

        modelBuilder.Entity<BoundaryPart>(part =>
        {
            part.ToTable("boundary_part");
            part.HasKey(p => new { p.CityId, p.BoundaryId, p.Number });
            part.Property(p => p.Number).ValueGeneratedNever();
            part.Property(p => p.Geometry).HasColumnType("geometry(Polygon,4326)");
        });
    }
}
